/** The worked examples of docs/extending.md: each chapter with its blocks, in the order in which a reader applies them. */

export interface Block {
  readonly file: string;
  /** The line of the fence in the document. */
  readonly line: number;
  /** A new file, or hunks of changes to an existing one. */
  readonly kind: "file" | "changes";
  readonly text: string;
}

export interface Chapter {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** From the chapter's table: for each file of src, the file in which the compiler reports an error without it. */
  readonly missedIn: ReadonlyMap<string, string>;
}

/** A chapter is the text below a second-level heading; one without file blocks is only text. */
export function readChapters(document: string): readonly Chapter[] {
  const chapters: { title: string; blocks: Block[]; missedIn: Map<string, string> }[] = [];
  /** The text before a block, or before several consecutive ones. */
  let prose = "";
  let isSaid = false;
  let fence: { info: string; line: number; lines: string[] } | undefined;
  for (const [index, text] of document.split("\n").entries()) {
    const chapter = chapters.at(-1);
    if (fence && text === "```") {
      const block = toBlock(fence);
      if (block && !prose.includes(`\`${block.file}\``)) {
        throw new Error(`line ${block.line}: the text before the block does not name \`${block.file}\``);
      }
      if (block) chapter?.blocks.push(block);
      fence = undefined;
      isSaid = true;
    } else if (fence) {
      fence.lines.push(text);
    } else if (text.startsWith("```")) {
      fence = { info: text.slice(3), line: index + 1, lines: [] };
    } else if (text.startsWith("## ")) {
      chapters.push({ title: text.slice(3), blocks: [], missedIn: new Map() });
      prose = "";
    } else if (text !== "") {
      prose = isSaid ? text : `${prose}\n${text}`;
      isSaid = false;
      const [, file, place] = /^\| `([^`]+)` \| `([^`]+)` \|$/.exec(text) ?? [];
      if (file !== undefined && place !== undefined) chapter?.missedIn.set(file, place);
    }
  }
  if (fence) throw new Error(`line ${fence.line}: the block has no end`);
  return chapters.filter(({ blocks }) => blocks.length > 0);
}

function toBlock({ info, line, lines }: { info: string; line: number; lines: readonly string[] }): Block | undefined {
  const [, language, file] = /^(\S+) file=(\S+)$/.exec(info) ?? [];
  if (file === undefined) return undefined;
  const text = lines.map((each) => `${each}\n`).join("");
  return { file, line, kind: language === "diff" ? "changes" : "file", text };
}
