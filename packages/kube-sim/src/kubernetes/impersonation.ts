/** `Impersonate-*`: whoever may, acts as somebody else (kubernetes.io "User impersonation"). */
import type { Access } from "./access.ts";
import type { Authentication } from "./authentication.ts";
import { badRequest } from "./failures.ts";
import type { User } from "./users.ts";

type Headers = Readonly<Record<string, string | undefined>>;

export function impersonated(
  user: User,
  headers: Headers,
  {
    access,
    authentication,
    refuse,
  }: {
    access: Access;
    authentication: Authentication;
    /** As the request is refused for whoever acts in this mode. */
    refuse: (mode: string) => Error;
  },
): User {
  const name = headers["impersonate-user"];
  const groups = (headers["impersonate-group"] ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const uid = headers["impersonate-uid"];
  const extra = Object.entries(headers).filter(([header]) => header.startsWith(extraPrefix));
  if (name === undefined || name === "") {
    if (groups.length === 0 && uid === undefined && extra.length === 0) return user;
    throw badRequest("requested groups, a UID or extras without impersonating a user name");
  }
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  const may = (group: string, resource: string, what: string, within?: string, subresource?: string) => {
    const attributes = { verb: "impersonate", group, resource, subresource, namespace: within, name: what };
    if (!access.isAllowed(user, attributes)) throw refuse(modeOf(name));
  };
  if (namespace !== undefined && account !== undefined) may("", "serviceaccounts", account, namespace);
  else may("", "users", name);
  for (const group of groups) may("", "groups", group);
  if (uid !== undefined) may("authentication.k8s.io", "uids", uid);
  for (const [header, value = ""] of extra) {
    may("authentication.k8s.io", "userextras", value, undefined, decodeURIComponent(header.slice(extraPrefix.length)));
  }
  const target = authentication.named(name, groups);
  return {
    ...target,
    ...(uid === undefined ? {} : { uid }),
    ...(extra.length === 0
      ? {}
      : {
          extra: Object.fromEntries(
            extra.map(([header, value = ""]) => [decodeURIComponent(header.slice(extraPrefix.length)), [value]]),
          ),
        }),
  };
}

/** Newer servers look first for the right to do just this, as somebody of that sort; that right is named where none is there. */
function modeOf(name: string): string {
  if (/^system:serviceaccount:[^:]+:[^:]+$/.test(name)) return "serviceaccount";
  return name.startsWith("system:node:") ? "arbitrary-node" : "user-info";
}

const extraPrefix = "impersonate-extra-";
