// Loaded into the proxy before its own code: its token may be a file, as secrets are in containers. The proxy itself knows a variable only.
const { readFileSync } = require("node:fs");

const file = process.env.CONFIGPROXY_AUTH_TOKEN_FILE;
if (file) process.env.CONFIGPROXY_AUTH_TOKEN = readFileSync(file, "utf8").trim();
