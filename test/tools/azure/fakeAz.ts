/** The Azure CLI for tests: answers by the beginning of a command, and records its calls. */
import { type Az, AzFailed } from "../../../tools/azure/az.ts";
import { checkCommandLine } from "../../commandLines/check.ts";

export type Answer = unknown | ((args: readonly string[]) => unknown);

export interface FakeAz {
  readonly az: Az;
  readonly calls: readonly string[];
}

/**
 * The longest matching beginning wins; a command without an answer fails like one that Azure refuses. One that the real
 * Azure CLI would not understand fails as there.
 */
export function createFakeAz(answers: Readonly<Record<string, Answer>>): FakeAz {
  const calls: string[] = [];
  const az: Az = async (...args) => {
    const command = args.join(" ");
    calls.push(command);
    const { problems } = checkCommandLine({ words: ["az", ...args], isExact: true });
    if (problems.length > 0) throw new AzFailed(problems.join("\n"));
    const [known] = Object.keys(answers)
      .filter((beginning) => command.startsWith(beginning))
      .toSorted((a, b) => b.length - a.length);
    if (known === undefined) throw new AzFailed(`az ${command}: (ResourceNotFound) not found`);
    const answer = answers[known];
    return typeof answer === "function" ? await answer(args) : answer;
  };
  return { az, calls };
}

export const optionOf = (args: readonly string[], option: string): string => args[args.indexOf(option) + 1] ?? "";
