// Random templates with random data, and what handlebars.js makes of them, one JSON object a line.
//
//   node generate.mjs SEED COUNT [broken] > rows.jsonl        (needs handlebars 4.7.8 where node finds it)
//
// The same seed gives the same rows. `rows.jsonl` beside this file is such a set, thinned out.
import { createRequire } from "node:module";
const Handlebars = createRequire(process.cwd() + "/")("handlebars");

const [seedText = "1", countText = "1000", mode = "valid"] = process.argv.slice(2);
let state = Number(seedText) >>> 0 || 1;
function random() {
  state ^= state << 13; state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5; state >>>= 0;
  return state / 4294967296;
}
const below = (count) => Math.floor(random() * count);
const pick = (list) => list[below(list.length)];
const chance = (share) => random() < share;

// handlebars.js 4.7 adds up numbers that are printed side by side without escaping, which its main branch has
// mended; here they are printed one after the other.
const compiler = Handlebars.JavaScriptCompiler.prototype;
compiler.append = function () {
  if (this.isInline()) {
    this.replaceStack((current) => [" != null ? '' + ", current, " : ''"]);
    this.pushSource(this.appendToBuffer(this.popStack()));
  } else {
    const local = this.popStack();
    this.pushSource(["if (", local, " != null) { ", this.appendToBuffer(["'' + ", local], undefined, true), " }"]);
    if (this.environment.isSimple) this.pushSource(["else { ", this.appendToBuffer("''", undefined, true), " }"]);
  }
};
Handlebars.log = () => {};
Handlebars.logger.log = () => {};
const equal = function (a, b, options) { return a === b ? options.fn(this) : options.inverse(this); };
Handlebars.registerHelper("equal", equal);
Handlebars.registerHelper("equalWithElse", equal);
Handlebars.registerHelper("pathEncode", (value) => encodeURI(value));
Handlebars.registerHelper("queryEncode", (value) => encodeURIComponent(value));
Handlebars.registerHelper("basicAuthHeaderValue", (user, password) =>
  "Basic " + Buffer.from(`${user}:${password}`).toString("base64"));

const NAMES = ["a", "b", "c", "list", "obj", "n", "s", "t", "f", "z", "nul", "missing"];
const ODD = ["length", "constructor", "toString", "__proto__", "foothis", "with-dash", "else1", "first", "index", "key",
  "hasOwnProperty", "map", "0", "1", "a b", "é", "$x", "x?", "equal", "log"];
const TEXTS = ["", "x", "<b>&\"'`=", "é😀", "line\nbreak", "1", "0", "a,b", "false", "\\", "[object Object]", "2", "{{a}}"];
const NUMBERS = [0, 1, -1, 1.5, 2, 1e21, 1e-7, 123456789, 0.1, -0.5, 9007199254740991];

function value(depth) {
  const roll = below(depth > 2 ? 7 : 12);
  if (roll < 3) return pick(TEXTS);
  if (roll < 4) return pick(NUMBERS);
  if (roll < 5) return chance(0.5);
  if (roll < 6) return null;
  if (roll < 7) return pick(TEXTS);
  if (roll < 9) return Array.from({ length: below(4) }, () => value(depth + 1));
  return object(depth + 1);
}
function object(depth) {
  const result = {};
  for (let i = below(7); i >= 0; i--) {
    const name = chance(0.8) ? pick(NAMES) : pick(ODD);
    // `missing` stays missing; `toString` as a member makes an object unprintable in JavaScript.
    if (name === "missing" || name === "toString") continue;
    Object.defineProperty(result, name, { value: value(depth), enumerable: true, writable: true, configurable: true });
  }
  return result;
}
function data() {
  const root = object(0);
  if (chance(0.9)) {
    root.list ??= Array.from({ length: below(4) }, () => value(1));
    root.obj ??= object(1);
  }
  return chance(0.95) ? root : value(0);
}

const params = [];
const SPACE = ["", "", "", " ", " ", "  ", "\n", "\t", "\r\n", "\u00a0"];
const inner = () => (chance(0.85) ? "" : pick(SPACE));
const between = () => (chance(0.9) ? " " : pick(["  ", "\n", "\t"]));
const tilde = () => (chance(0.12) ? "~" : "");

function segment() {
  const name = chance(0.75) ? pick(NAMES) : pick(ODD);
  const plain = /^[a-z_$é][\w$\-?é]*$/i.test(name) && !/^(else|this)/.test(name);
  if (!plain) return `[${name}]`;
  return chance(0.06) ? `[${name}]` : name;
}
function path() {
  const roll = random();
  if (params.length && roll < 0.25) return pick(params) + (chance(0.3) ? "." + segment() : "");
  if (roll < 0.32) return pick(["this", ".", "this", "..", "../..", "../this"]);
  if (roll < 0.44) return "@" + pick(["index", "key", "first", "last", "root", "../index", "../key", "root.a", "root.list",
    "root.obj.a", "../../index", "foo", "../root", "root.s.length", "root.n.x"]);
  let result = pick(["", "", "", "", "../", "../../", "this.", "./", "this/"]) + segment();
  while (chance(0.3)) result += pick([".", ".", "/"]) + segment();
  return result;
}
function literal() {
  return pick(["1", "0", "-1", "1.5", "true", "false", "null", "undefined", '"x"', "'a'", '"a"', '"length"', '"it\'s"',
    '"q\\"q"', "''", '"<&>"', '"1"', "'list'", "12.50", '"a b"']);
}
function operand(depth) {
  const roll = random();
  if (roll < 0.65) return path();
  if (roll < 0.85 || depth > 2) return literal();
  return subexpression(depth + 1);
}
function subexpression(depth) {
  const roll = random();
  if (roll < 0.6) return `(lookup ${operand(depth)} ${operand(depth)})`;
  if (roll < 0.75) return `(${pick(["queryEncode", "pathEncode"])} ${operand(depth)})`;
  if (roll < 0.85) return `(${path()})`;
  if (roll < 0.95) return `(basicAuthHeaderValue ${operand(depth)} ${operand(depth)})`;
  return `(${segment()} ${operand(depth)})`;
}
function hash() {
  return `${chance(0.6) ? "includeZero" : segment()}=${operand(1)}`;
}
function expression() {
  const roll = random();
  if (roll < 0.62) return path();
  if (roll < 0.74) return `lookup${between()}${operand(0)}${between()}${operand(0)}`;
  if (roll < 0.8) return `${pick(["queryEncode", "pathEncode"])}${between()}${operand(0)}`;
  if (roll < 0.83) return `basicAuthHeaderValue ${operand(0)} ${operand(0)}`;
  if (roll < 0.86) return `log ${operand(0)}`;
  if (roll < 0.9) return literal();
  if (roll < 0.93) return `${segment()} ${hash()}`;
  if (roll < 0.95) return `${path()} ${operand(0)}`;
  if (roll < 0.97) return `${pick(["if", "each", "with", "unless", "equal", "lookup"])} ${operand(0)}`;
  return `lookup ${operand(0)} ${operand(0)} ${hash()}`;
}
function mustache() {
  const body = inner() + expression() + inner();
  const roll = random();
  if (roll < 0.7) return `{{${tilde()}${body}${tilde()}}}`;
  if (roll < 0.9) return `{{${tilde()}{${body}}${tilde()}}}`;
  return `{{${tilde()}&${body}${tilde()}}}`;
}
function content() {
  let result = "";
  for (let i = below(3); i >= 0; i--) {
    result += pick([" ", "\n", "\n", "\n", "  ", "\r\n", "\t", "x", "text", "y\n", " z", "\u00a0", "é", "\\", "{", "}", "}}",
      "\n\n", " \n ", "a\nb", "<p>", "\u2028"]);
  }
  return result;
}
function comment() {
  return pick(["{{! c }}", "{{!-- c --}}", "{{!-- }} --}}", "{{~! c ~}}", "{{~!-- c --~}}", "{{!}}", "{{!c}}", "{{! a\nb }}",
    "{{!----}}", "{{!--}}"]);
}
function withParams(names, make) {
  params.push(...names);
  const result = make();
  params.length -= names.length;
  return result;
}
function elseTag(argument) {
  const word = argument ? `else ${argument}` : pick(["else", "else", "else", "^"]);
  return `{{${tilde()}${word === "^" ? "" : inner()}${word}${inner()}${tilde()}}}`;
}
function opening(name) {
  let argument = name === "equal" || name === "equalWithElse" ? `${operand(0)} ${operand(0)}` : operand(0);
  if (chance(0.1) && (name === "if" || name === "unless")) argument += ` ${hash()}`;
  const names = (name === "each" || name === "with") && chance(0.25)
    ? pick([["p"], ["p", "q"], ["p", "q", "r"]]) : chance(0.01) ? ["p"] : [];
  const bars = names.length ? ` as |${names.join(" ")}|` : "";
  return { head: `${name} ${argument}${bars}`, names };
}
const BLOCKS = ["if", "if", "unless", "each", "each", "with", "equal", "equalWithElse"];
function block(depth) {
  const roll = random();
  if (roll < 0.06) return rawBlock();
  if (roll < 0.24) {
    // A section on any path, perhaps inverted.
    const name = path();
    const sign = chance(0.3) ? "^" : "#";
    const otherwise = chance(0.25) ? elseTag() + program(depth + 1) : "";
    return `{{${tilde()}${sign}${inner()}${name}${inner()}${tilde()}}}${program(depth + 1)}${otherwise}` +
      `{{${tilde()}/${inner()}${name}${inner()}${tilde()}}}`;
  }
  const name = roll < 0.27 ? pick(["lookup", "queryEncode", "log"]) : pick(BLOCKS);
  let { head, names } = opening(name);
  if (name === "lookup") head += ` ${operand(0)}`;
  const sign = chance(0.06) ? "^" : "#";
  let result = `{{${tilde()}${sign}${inner()}${head}${inner()}${tilde()}}}`;
  result += withParams(names, () => program(depth + 1));
  while (sign === "#" && chance(0.2)) {
    const link = opening(pick(BLOCKS));
    result += elseTag(link.head) + withParams(link.names, () => program(depth + 1));
  }
  if (chance(0.3)) result += elseTag() + program(depth + 1);
  return `${result}{{${tilde()}/${inner()}${name}${inner()}${tilde()}}}`;
}
function rawBlock() {
  const name = pick(["a", "list", "s", "t", "missing", "obj"]);
  return `{{{{${name}}}}}${pick(["", "\n", " "])}${pick(["x", "{{a}}", "{{#if}}", "{{{{b}}}} {{{{/b}}}}", "}}"])}` +
    `${pick(["", "\n", " "])}{{{{/${name}}}}}`;
}
function program(depth) {
  let result = "";
  for (let i = below(depth > 2 ? 3 : 5); i > 0; i--) {
    const roll = random();
    if (roll < 0.38) result += content();
    else if (roll < 0.68) result += mustache();
    else if (roll < 0.74) result += comment();
    else if (roll < 0.77) result += pick(["\\{{a}}", "\\\\{{a}}", "\\{{{a}}}", "x\\{{a}} {{b}}", "\\\\\\{{a}}"]);
    else if (depth < 4) result += block(depth);
  }
  return result;
}
const SCRAPS = ["{", "}", "{{", "}}", "{{{", "}}}", "~", "#", "/", "^", "&", "!", "--", "\"", "'", "[", "]", "(", ")", "|", "=", ".",
  "..", "@", "\\", " ", "\n", "else", "this", "as |x|", "{{else}}", "{{/if}}", "{{#if a}}", "1", "null", ">", "*", "{{{{", "}}}}",
  "{{^}}", ";", "%", "`", "-", "true"];
function broken(template) {
  for (let i = below(3); i >= 0; i--) {
    const at = below(template.length + 1);
    const roll = random();
    if (roll < 0.4) template = template.slice(0, at) + template.slice(at + 1 + below(3));
    else if (roll < 0.85) template = template.slice(0, at) + pick(SCRAPS) + template.slice(at);
    else template = template.slice(0, at) + template.slice(below(template.length + 1));
  }
  return template;
}

for (let i = 0; i < Number(countText); i++) {
  let template = program(0);
  if (mode === "broken") template = broken(template);
  if (/\{\{~?#?[>*]|\{\{~?#\*/.test(template)) continue;
  const context = data();
  const row = { template, data: context };
  if (chance(0.3)) row.strict = true;
  if (chance(0.2)) row.escape = "none";
  try {
    row.output = Handlebars.compile(template, { strict: !!row.strict, noEscape: row.escape === "none" })(context);
    // Half of a surrogate pair is not UTF-8; it is written as the replacement character.
    row.output = row.output.toWellFormed();
  } catch (error) {
    row.fails = String(error.message).split("\n")[0].slice(0, 120);
  }
  console.log(JSON.stringify(row));
}
