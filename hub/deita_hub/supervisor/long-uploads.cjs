// Loaded into the proxy before its own code: Node ends any request whose body takes longer than five minutes to arrive, which
// would cut a large upload over a slow line, and the proxy has no option for it. Headers must still arrive within Node's minute.
const http = require("node:http");

const createServer = http.createServer;
http.createServer = (...given) => {
  const server = createServer(...given);
  server.requestTimeout = 0;
  return server;
};
