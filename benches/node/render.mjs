// Times handlebars.js on the benchmark's template and event. Prints one JSON object: microseconds a turn, the
// median of 15 rounds.
import { readFileSync } from "node:fs";
import Handlebars from "handlebars";

const data = new URL("../data/", import.meta.url);
const source = readFileSync(new URL("monitor-event.json.hbs", data), "utf8");
const bytes = readFileSync(new URL("event.json", data));
const formVariables = { source: "flagpost", host: "" };

const equal = function (a, b, options) { return a === b ? options.fn(this) : options.inverse(this); };
Handlebars.registerHelper("equal", equal);
// Precompiled, as a build step would leave it.
const template = Handlebars.template(new Function("return " + Handlebars.precompile(source))());

// What this engine does at output, the reference's preview does to the event first.
const escaped = (value) => {
  if (typeof value === "string") return JSON.stringify(value).slice(1, -1);
  if (Array.isArray(value)) return value.map(escaped);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escaped(member)]));
  }
  return value;
};

const turns = 20000;
let sink = 0;
function microseconds(run) {
  for (let i = 0; i < turns; i++) sink += run().length;
  const rounds = [];
  for (let round = 0; round < 15; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < turns; i++) sink += run().length;
    rounds.push(Number(process.hrtime.bigint() - start) / turns / 1000);
  }
  return Number(rounds.sort((a, b) => a - b)[7].toFixed(3));
}

const context = { ...escaped(JSON.parse(bytes)), formVariables };
console.log(JSON.stringify({
  output_bytes: Buffer.byteLength(template(context)),
  render: microseconds(() => template(context)),
  parse: microseconds(() => ({ length: JSON.parse(bytes).kind.length })),
  parse_and_render: microseconds(() => template({ ...JSON.parse(bytes), formVariables })),
  parse_escape_and_render: microseconds(() => template({ ...escaped(JSON.parse(bytes)), formVariables })),
}));
