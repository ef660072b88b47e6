/** Logs of the host and of the app: a constant event and its facts, one line each on stderr. Never a body or a token. */

export const levels = ["trace", "debug", "information", "warning", "error", "critical"] as const;
export type LogLevel = (typeof levels)[number];

export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  write(level: LogLevel, event: string, facts?: Facts): void;
  /** Whether entries of this level are written, for those that cost something to make. */
  writes(level: LogLevel): boolean;
  debug(event: string, facts?: Facts): void;
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  error(event: string, facts?: Facts): void;
  /** The same log under another category, such as `Function.onboard.User`; host.json sets levels by category. */
  category(name: string): Log;
}

/** The lowest level that is written, by category prefix; `default` applies where no prefix matches. */
export type LevelFilter = Readonly<Record<string, LogLevel | "none">>;

export interface LogOptions {
  readonly filter?: LevelFilter;
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export function createLog(options: LogOptions = {}): Log {
  return createCategory("Host", {
    filter: options.filter ?? {},
    write: options.write ?? ((line) => process.stderr.write(line)),
    now: options.now ?? (() => new Date()),
  });
}

function createCategory(category: string, options: Required<LogOptions>): Log {
  const lowest = findLowest(category, options.filter);
  const write: Log["write"] = (level, event, facts = {}) => {
    if (levels.indexOf(level) < lowest) return;
    const text = event.replace(/\r?\n/g, "\\n");
    options.write(`${options.now().toISOString()} ${abbreviations[level]} ${category} ${text}${format(facts)}\n`);
  };
  return {
    write,
    writes: (level) => levels.indexOf(level) >= lowest,
    debug: (event, facts) => write("debug", event, facts),
    info: (event, facts) => write("information", event, facts),
    warn: (event, facts) => write("warning", event, facts),
    error: (event, facts) => write("error", event, facts),
    category: (name) => createCategory(name, options),
  };
}

/** The longest prefix wins, by whole words: `Function.a` is not a prefix of `Function.ab`. */
function findLowest(category: string, filter: LevelFilter): number {
  const matches = Object.keys(filter)
    .filter((prefix) => category === prefix || category.startsWith(`${prefix}.`))
    .sort((a, b) => b.length - a.length);
  const level = filter[matches[0] ?? "default"] ?? "information";
  return level === "none" ? levels.length : levels.indexOf(level);
}

const abbreviations: Record<LogLevel, string> = {
  trace: "TRC",
  debug: "DBG",
  information: "INF",
  warning: "WRN",
  error: "ERR",
  critical: "CRT",
};

/** Keeps an entry on one line, whatever a message or an error's stack contains. */
function format(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${/^[\w./:@-]+$/.test(String(value)) ? String(value) : JSON.stringify(value)}`)
    .join("");
}
