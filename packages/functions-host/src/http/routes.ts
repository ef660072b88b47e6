/**
 * Route templates as Azure's host matches them: of the functions in order of their names, the first whose template and method
 * match, else 404 (also for a wrong method and for HEAD on a GET route: azure-functions-host issues 9876, 10098, 11625).
 * Literals have no precedence over parameters: an app that relies on it breaks in Azure, so it breaks here.
 */
import type { RegisteredFunction } from "../app.ts";
import { messageOf } from "../messageOf.ts";

export interface Route {
  readonly definition: RegisteredFunction;
  /** With the prefix, without leading or trailing slashes. */
  readonly template: string;
  /** Upper case. */
  readonly methods: ReadonlySet<string>;
}

export interface RouteMatch {
  readonly route: Route;
  /** Optional parameters that the path does not have are absent. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Routes {
  readonly all: readonly Route[];
  match(method: string, pathname: string): RouteMatch | undefined;
  /** Pairs in which the second can never be reached, because the first takes all its requests. */
  findShadowed(): readonly (readonly [Route, Route])[];
}

export interface RouteDeclaration {
  readonly definition: RegisteredFunction;
  readonly route: string;
  readonly methods: readonly string[];
}

export function createRoutes(declarations: readonly RouteDeclaration[], { prefix }: { prefix: string }): Routes {
  const entries = [...declarations].sort(byName).map(({ definition, route, methods }) => {
    const template = [prefix, route].map(trimSlashes).filter(Boolean).join("/");
    try {
      const compiled = compile(template);
      return { route: { definition, template, methods: new Set(methods.map((each) => each.toUpperCase())) }, compiled };
    } catch (error) {
      const reason = messageOf(error);
      throw new Error(`Function "${definition.name}" has a route that cannot be used, "${route}": ${reason}`);
    }
  });
  return {
    all: entries.map(({ route }) => route),
    match(method, pathname) {
      // As in ASP.NET Core, no route has an empty segment.
      if (pathname.includes("//")) return undefined;
      const path = pathname.replace(/^\//, "");
      for (const { route, compiled } of entries) {
        if (!route.methods.has(method)) continue;
        const params = compiled.match(path);
        if (params !== undefined) return { route, params };
      }
      return undefined;
    },
    findShadowed() {
      return entries.flatMap(({ route, compiled }, index) => {
        if (compiled.names.length > 0) return [];
        const first = entries
          .slice(0, index)
          .find((each) => each.compiled.match(route.template) && isSuperset(each.route.methods, route.methods));
        return first === undefined ? [] : [[first.route, route] as const];
      });
    },
  };
}

function byName(a: RouteDeclaration, b: RouteDeclaration): number {
  const [x, y] = [a.definition.name.toLowerCase(), b.definition.name.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
}

interface Compiled {
  readonly names: readonly string[];
  match(path: string): Record<string, string> | undefined;
}

function compile(template: string): Compiled {
  const names: string[] = [];
  const segments = template === "" ? [] : splitSegments(template);
  let pattern = "";
  segments.forEach((segment, index) => {
    const slash = index === 0 ? "" : "/";
    const parts = splitParts(segment);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && only.kind === "parameter") {
      if (names.includes(only.name)) throw new Error(`the parameter "${only.name}" appears twice`);
      names.push(only.name);
      if (only.isCatchAll && index < segments.length - 1) throw new Error("a catch-all parameter must be the last");
      // An optional parameter takes the slash before it along: `items`, `items/` and `items/5` all match.
      const group = `(${only.isCatchAll ? ".*" : only.maxLength === undefined ? "[^/]+" : `[^/]{0,${only.maxLength}}`})`;
      pattern += only.isOptional || only.isCatchAll ? `(?:${slash}${group})?` : `${slash}${group}`;
      return;
    }
    pattern += slash;
    for (const part of parts) {
      if (part.kind === "literal") {
        pattern += part.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        continue;
      }
      if (part.isOptional || part.isCatchAll)
        throw new Error("optional and catch-all parameters need their own segment");
      names.push(part.name);
      pattern += "([^/]+?)";
    }
  });
  // A catch-all parameter takes the last slash along.
  const expression = new RegExp(`^${pattern}/?$`, "i");
  return {
    names,
    match(path) {
      const found = expression.exec(path.split("/").map(decode).join("/"));
      if (found === null) return undefined;
      const params: Record<string, string> = {};
      for (const [index, name] of names.entries()) {
        const value = found[index + 1];
        if (value === undefined || value === "") continue;
        params[name] = value;
      }
      return params;
    },
  };
}

function splitSegments(template: string): string[] {
  const segments = template.match(/(?:\{[^}]*\}|[^/{])+/g) ?? [];
  if (segments.join("/") !== template) throw new Error("a brace is not closed, or two slashes follow each other");
  return segments;
}

type Part =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "parameter";
      readonly name: string;
      readonly isOptional: boolean;
      readonly isCatchAll: boolean;
      /** From the only constraint that this host checks. */
      readonly maxLength?: string;
    };

function splitParts(segment: string): Part[] {
  const parts = segment.match(/\{[^}]*\}|[^{}]+|[{}]/g) ?? [];
  return parts.map((text): Part => {
    if (!text.startsWith("{")) {
      if (text === "}") throw new Error("a brace is not opened");
      return { kind: "literal", text };
    }
    const found = /^\{(\*{0,2})([A-Za-z_]\w*)((?::[^:()]+(?:\([^)]*\))?)*)(\?)?\}$/.exec(text);
    if (found === null) throw new Error(`"${text}" is not a parameter this host understands`);
    const [, stars = "", name = "", constraints = "", optional] = found;
    const [, maxLength] = /^:maxlength\((\d+)\)$/i.exec(constraints) ?? [];
    if (constraints !== "" && (maxLength === undefined || stars !== "" || parts.length > 1))
      throw new Error(
        `"${text}" has a constraint, which this host does not check; leave it out, or start the app with Azure Functions Core Tools`,
      );
    return {
      kind: "parameter",
      name,
      isOptional: optional === "?",
      isCatchAll: stars !== "",
      ...(maxLength === undefined ? {} : { maxLength }),
    };
  });
}

function trimSlashes(text: string): string {
  return text.replace(/^\/+|\/+$/g, "");
}

/** As Kestrel does: an escaped slash stays as it was sent, and so does a path with a broken escape. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll(/%(2f)/gi, "%25$1"));
  } catch {
    return value;
  }
}

function isSuperset(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...b].every((each) => a.has(each));
}
