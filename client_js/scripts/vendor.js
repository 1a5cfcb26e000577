// npm run vendor: write the packages that the desk uses to desk/vendor/, each as one module with its licence.
// A server that runs from a checkout serves the desk's source modules, without Node.js, and browsers cannot load
// packages by their names.
import { writeFileSync } from "node:fs";
import { vendored } from "./vendored.js";

const folder = new URL("../desk/vendor/", import.meta.url);

for (const [name, content] of await vendored()) writeFileSync(new URL(name, folder), content);
