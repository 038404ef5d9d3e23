// Reads {name: definition} from standard input, writes {name: [problem, ...]} to standard output.
const validate = require("asl-validator");

const definitions = JSON.parse(require("fs").readFileSync(0, "utf8"));
const problems = {};
for (const [name, definition] of Object.entries(definitions)) {
  const { errors } = validate(definition);
  problems[name] = errors.map((error) => `${error.instancePath ?? ""} ${error.message ?? error["Error code"] ?? JSON.stringify(error)}`.trim());
}
process.stdout.write(JSON.stringify(problems));
