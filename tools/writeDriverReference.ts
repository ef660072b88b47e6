/** Generates the reference in docs/drivers.md: `node tools/run.mjs tools/writeDriverReference.ts`. */
import { describeDrivers } from "./driverReference.ts";
import { writeReference } from "./reference.ts";

writeReference("drivers.md", describeDrivers());
