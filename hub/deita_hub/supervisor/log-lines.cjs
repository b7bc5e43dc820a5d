// Loaded into the proxy before its own code: its lines become JSON, as those of the other processes are, where
// DEITA_LOG_FORMAT says so. It has no option for that. Every write is one message; long ones are cut.
const LONGEST = 4000;
const COLOURS = /\u001b\[[0-9;]*m/g;
const OWN = /^(\S+) \[ConfigProxy\] (\w+): ([\s\S]*)$/;

function asJson(text) {
  const found = OWN.exec(text);
  const [time, level, message] = found ? found.slice(1) : [new Date().toISOString(), "error", text];
  return JSON.stringify({ time, level: level === "warn" ? "warning" : level, logger: "proxy", message: message.slice(0, LONGEST) });
}

if (process.env.DEITA_LOG_FORMAT === "json") {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    stream.write = (chunk, ...rest) => {
      const text = String(chunk).replace(COLOURS, "").trimEnd();
      return write(text ? `${asJson(text)}\n` : chunk, ...rest);
    };
  }
}
