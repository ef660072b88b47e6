/**
 * A call of the HTTP interface, as its routes are declared (routes.ts): a path, a query parameter or a document that its route has
 * not does not compile.
 */
import type { Load } from "./load.ts";
import type { routes } from "./routes.ts";

type Routes = typeof routes;

/** Such as `GET /api/catalog`. */
export type Route = keyof Routes;

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** What stands in the path of a route. */
type Placed<R extends Route> = R extends Route
  ? [NamesIn<R>] extends [never]
    ? { readonly at?: undefined }
    : { readonly at: { readonly [Name in NamesIn<R>]: string } }
  : never;

export type QueryOf<R extends Route> = { readonly [Name in Routes[R]["query"][number]]?: string | undefined };

export type CallOf<R extends Route> = { readonly route: R; readonly query?: QueryOf<R> } & Placed<R>;

type Documents<R extends Route> = Routes[R]["documents"];
type DocumentIn<Loaded> = Loaded extends Load<infer Document> ? Document : never;

/** What a route answers when it has done, or begun, what it was asked for. */
export type DocumentOf<R extends Route> = R extends Route
  ? Documents<R> extends { 202: infer Loaded }
    ? DocumentIn<Loaded>
    : Documents<R> extends { 200: infer Loaded }
      ? DocumentIn<Loaded>
      : never
  : never;

/** Routes that change something, and can be planned. */
export type ChangeRoute = { [R in Route]: Documents<R> extends { 200: unknown; 202: unknown } ? R : never }[Route];

/** What such a route answers to a dry run. */
export type PlanOf<R extends ChangeRoute> = R extends Route
  ? Documents<R> extends { 200: infer Loaded }
    ? DocumentIn<Loaded>
    : never
  : never;

/** Routes that list something, page by page. */
export type ListRoute = { [R in Route]: "continuation" extends Routes[R]["query"][number] ? R : never }[Route];

/** Those that begin an operation; the others decide about one. */
export type BeginRoute = { [R in ChangeRoute]: "isNew" extends keyof DocumentOf<R> ? R : never }[ChangeRoute];

/** Routes that answer with a text. */
export type TextRoute = Extract<Route, `${string}/${"export" | "manifest"}`>;

/** Streams of events. */
export type FeedRoute = Extract<Route, `${string}/events`>;

interface AnyCall {
  readonly route: Route;
  readonly at?: Readonly<Record<string, string>> | undefined;
}

export function methodOf({ route }: AnyCall): "GET" | "POST" | "DELETE" {
  const [method] = route.split(" ");
  return method as "GET" | "POST" | "DELETE";
}

/** With the names that stand in it, encoded. */
export function pathOf({ route, at = {} }: AnyCall): string {
  const [, path = ""] = route.split(" ");
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? ""));
}
