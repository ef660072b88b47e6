/** docs/drivers.md from the table that the clients print. */
import { drivers } from "../clients/drivers.ts";
import { type Kind, type Language, type Login, languageNames, languages } from "../clients/login.ts";
import { failuresAnywhere, failuresIn, failuresOf, type Symptom } from "../clients/loginFailures.ts";

/** What tests run needs no word: the page says it once. */
const tried: { readonly [T in Login["tried"]]: string } = {
  "every run": "",
  "where installed": "",
  "by hand": " Run by hand in pods of the sandbox.",
  "not here": " Not run here: they follow the driver's documentation.",
};

const fences: { readonly [L in Language]: string } = {
  node: "js",
  python: "python",
  java: "java",
  dotnet: "csharp",
  go: "go",
};

export function describeDrivers(): string {
  const kinds = Object.values(drivers).map(({ noun, logins }) => {
    const each = languages.map((language) => {
      const { needs, lines, tried: how } = logins[language];
      const versions = `${needs.join(", ")} or later.${tried[how]}`;
      return `#### ${languageNames[language]}\n\n${versions}\n\n\`\`\`${fences[language]}\n${lines}\n\`\`\``;
    });
    return [`### ${noun}`, ...each].join("\n\n");
  });
  const general = new Set([...Object.values(failuresIn).flat(), ...failuresAnywhere]);
  const rows = [
    ...[...general].map((each) => [each, "anything"] as const),
    ...[...new Set(Object.values(failuresOf).flat())].map((each) => [each, havingIt(each)] as const),
  ].map(([[seen, look], where]) => `| ${where} | ${seen} | ${look} |`);
  const head = ["| logging in to | the application sees | look at |", "| --- | --- | --- |"];
  const failing = ["### When it fails", [...head, ...rows].join("\n")];
  return [...kinds, ...failing].join("\n\n");
}

function havingIt(symptom: Symptom): string {
  const kinds = (Object.keys(failuresOf) as Kind[]).filter((kind) => failuresOf[kind].includes(symptom));
  return kinds.map((kind) => drivers[kind].noun).join(", ");
}
