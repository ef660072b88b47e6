/**
 * What an async function leaves to the garbage collector as the SDKs publish it (compiled to ES2015), and as Node has it; see README.md
 * beside this file.
 *
 *   node tools/run.mjs bench/engine/asyncFunctions.ts
 */
import { spawnSync } from "node:child_process";
import { setImmediate as nextRound } from "node:timers/promises";
import { fileURLToPath } from "node:url";

type Body = () => Generator<Promise<number>, number, number>;

/** As TypeScript's helper `__awaiter`: the caller makes a generator function for each call. */
function runAsync(body: Body): Promise<number> {
  return new Promise((resolve, reject) => {
    const generator = body();
    const step = (result: IteratorResult<Promise<number>, number>) => {
      if (result.done) resolve(result.value);
      else result.value.then((value) => step(generator.next(value)), reject);
    };
    step(generator.next());
  });
}

/** Stands for an invocation's context and input. */
const createContext = () => ({ request: { data: [{ name: "input" }], trace: {} }, options: {}, state: [1, 2, 3] });
const work = async () => 1;

const variants = {
  compiled: (context: object) =>
    runAsync(function* () {
      return Number(yield work()) + Object.keys(context).length;
    }),
  native: async (context: object) => (await work()) + Object.keys(context).length,
};

const variant = process.argv[2];
if (variant === "compiled" || variant === "native") {
  for (let call = 0; call < 400_000; call += 1) {
    await variants[variant](createContext());
    await nextRound();
  }
} else {
  for (const name of Object.keys(variants)) {
    const file = fileURLToPath(import.meta.url);
    const { stdout } = spawnSync(process.execPath, ["--max-semi-space-size=8", "--trace-gc-nvp", file, name], {
      encoding: "utf8",
      maxBuffer: 100_000_000,
    });
    const lines = stdout.split("\n");
    // The first ones still load modules.
    const young = lines.filter((line) => line.includes(" gc=s ")).slice(-20);
    const mean = (what: string) =>
      young.reduce((sum, line) => sum + Number(new RegExp(` ${what}=(\\d+)`).exec(line)?.[1]), 0) / young.length;
    const full = lines.filter((line) => line.includes(" gc=mc ")).length;
    const percent = (100 * (mean("new_space_survived") + mean("promoted"))) / mean("allocated");
    console.log(`${name}: ${percent.toFixed(1)} % of the young generation copied each time, ${full} full collections`);
  }
}
