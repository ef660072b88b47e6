/** Reports the walk-through to a person. */
import { viewOf } from "../../cli/output/view.ts";
import { wrap } from "../../cli/output/wrap.ts";
import type { DemoEvent, DemoReporter } from "./events.ts";
import { boundedViewOf, createProgress } from "./progress.ts";

export function createTerminalReporter(stream: NodeJS.WriteStream): DemoReporter {
  const { paint } = viewOf(stream);
  const progress = createProgress(stream);
  const write = (line = "") => stream.write(`${line}\n`);
  // Read each time, because the window may have been resized.
  const widthNow = () => boundedViewOf(stream).width;

  function paragraph(text: string): void {
    for (const line of wrap(text, widthNow() - 2)) write(`  ${line}`);
  }

  /** A line with something at its right end, when there is room. */
  function spread(left: string, right: string): void {
    const gap = widthNow() - left.length - right.length;
    write(gap < 2 ? left : `${left}${" ".repeat(gap)}${paint("dim", right)}`);
  }

  function tell(event: DemoEvent): void {
    switch (event.event) {
      case "starting":
        write(`${paint("bold", "Mooring")}: a namespace gets its own identity and its databases, without a secret`);
        write();
        paragraph(
          "Real here: the service, every Azure and Kubernetes SDK, the protocols, the workload. Simulated, on loopback: Azure, Entra, Azure SQL, Service Bus and the cluster behind them.",
        );
        paragraph("Starting everything …");
        return;
      case "started":
        paragraph(`Ready at ${event.url} after ${inSeconds(event.durationMs)}.`);
        return;
      case "chapter": {
        const title = `${event.number}  ${event.title}`;
        write();
        write(`${paint("bold", title)} ${paint("dim", "─".repeat(Math.max(0, widthNow() - title.length - 1)))}`);
        paragraph(event.text);
        write();
        return;
      }
      case "command":
        tellCommand(event);
        return;
      case "request":
        write(`  ${paint("cyan", "→")} ${event.to}${event.file === undefined ? "" : paint("dim", `  ${event.file}`)}`);
        for (const line of printRequest(event.body).flatMap((each) => wrap(each, widthNow() - 4)))
          write(paint("dim", `    ${line}`));
        return;
      case "operation": {
        const { operation } = event;
        progress.show(operation);
        if (operation.phase !== "done") return;
        progress.end();
        if (operation.error) tellError(operation.error);
        return;
      }
      case "workload": {
        const { pod, exitCode, log, durationMs } = event;
        const lines = log.trimEnd().split("\n");
        for (const line of lines.flatMap((each) => wrap(each.replaceAll("\t", "  "), widthNow() - 4)))
          write(`  ${paint(exitCode === 0 ? "green" : "yellow", "│")} ${line}`);
        spread(`    ${pod} ended with exit code ${exitCode}`, inSeconds(durationMs));
        return;
      }
      case "check": {
        const [first = "", ...rest] = wrap(`${event.what}: ${event.found}`, widthNow() - 4);
        write(`  ${paint("green", "✔")} ${first}`);
        for (const line of rest) write(`    ${line}`);
        return;
      }
      case "ended":
        write();
        if (event.ok) {
          write(paint("green", `Everything went as expected, in ${inSeconds(event.durationMs)}.`));
          write(`Keep it running and try it yourself: ${paint("bold", "npm start")}`);
        } else {
          write(`${paint("red", "An unexpected result stops the walk-through:")}`);
          paragraph(event.surprise);
        }
    }
  }

  function tellCommand({ command, note }: { command: string; note?: string }): void {
    for (const line of note === undefined ? [] : wrap(note, widthNow() - 4)) write(`  ${paint("dim", `# ${line}`)}`);
    const lines = wrap(command, widthNow() - 6);
    write(`  ${paint("cyan", "$")} ${lines.join(" \\\n      ")}`);
  }

  function tellError({ code, message, fix }: { code: string; message: string; fix: string }): void {
    const fact = (label: string, text: string) => {
      const [first = "", ...rest] = wrap(text, widthNow() - 10);
      write(`    ${paint("bold", label)}  ${first}`);
      for (const line of rest) write(`          ${line}`);
    };
    fact("why ", `${code}: ${message}`);
    fact("next", fix);
  }

  return { report: tell, close: progress.end };
}

/** Short requests on few lines: one for the scalars, one for each database. */
function printRequest(body: unknown): string[] {
  if (body === undefined) return [];
  if (typeof body !== "object" || body === null) return [JSON.stringify(body)];
  const entries = Object.entries(body);
  const scalars = entries.filter(([, value]) => !Array.isArray(value));
  const lists = entries.flatMap(([name, value]) => (Array.isArray(value) ? [{ name, items: value }] : []));
  return [
    scalars.map(([name, value]) => `${name}: ${String(value)}`).join("   "),
    ...lists.flatMap(({ name, items }) => items.map((item: unknown) => `${name}: ${printItem(item)}`)),
  ];
}

function printItem(item: unknown): string {
  if (typeof item !== "object" || item === null) return String(item);
  return Object.values(item).map(String).join("  ");
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
