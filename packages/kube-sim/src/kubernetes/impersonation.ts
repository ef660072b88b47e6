/** `Impersonate-*`: whoever may, acts as somebody else (kubernetes.io "User impersonation"). */
import type { Access } from "./access.ts";
import type { Authentication } from "./authentication.ts";
import { badRequest } from "./failures.ts";
import type { User } from "./users.ts";

type Headers = Readonly<Record<string, string | undefined>>;

export function impersonated(
  user: User,
  headers: Headers,
  { access, authentication }: { access: Access; authentication: Authentication },
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
    access.require(user, { verb: "impersonate", group, resource, subresource, namespace: within, name: what });
  };
  if (namespace !== undefined && account !== undefined) may("", "serviceaccounts", account, namespace);
  else may("", "users", name);
  for (const group of groups) may("", "groups", group);
  if (uid !== undefined) may("authentication.k8s.io", "uids", uid);
  for (const [header, value = ""] of extra) {
    may("authentication.k8s.io", "userextras", value, undefined, decodeURIComponent(header.slice(extraPrefix.length)));
  }
  const more = extra.map(([header, value = ""]) => [decodeURIComponent(header.slice(extraPrefix.length)), [value]]);
  return {
    ...authentication.named(name, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(more) }),
  };
}

const extraPrefix = "impersonate-extra-";
