/**
 * Generates the references in docs/errors.md and docs/findings.md from their tables:
 * `node tools/run.mjs tools/writeErrorReference.ts`.
 */
import { describeErrors, describeFindings } from "./errorReference.ts";
import { writeReference } from "./reference.ts";

writeReference("errors.md", describeErrors());
writeReference("findings.md", describeFindings());
