/** Kinds that are questions and have no objects: who am I, what may I or another do, whose token is this. */
import { type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import type { Access } from "./access.ts";
import { accessReviews, type Reviewing } from "./accessReviews.ts";
import type { Answer } from "./answer.ts";
import type { Authentication } from "./authentication.ts";
import { kindsServed } from "./builtIn/kinds.ts";
import { builtInResource } from "./builtIn/resources.ts";
import { badRequest, methodNotAllowed, noSuchResource } from "./failures.ts";
import { negotiate } from "./negotiation.ts";
import { timestamp } from "./object.ts";
import { readQuestion, tracked } from "./question.ts";
import type { Carried } from "./request.ts";
import type { ResourcePath } from "./requestPath.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import type { User } from "./users.ts";

export interface Review {
  /** Every authenticated caller may ask it (the ClusterRole system:basic-user); others need the right to create it. */
  readonly isOfOneself: boolean;
  answer(request: Carried, user: User): Promise<Answer>;
}

export interface Reviews {
  /** Undefined if the path is that of no review. */
  at(path: ResourcePath): Review | undefined;
}

interface Environment {
  readonly access: Access;
  readonly authentication: Authentication;
  /** Of this API server. */
  readonly audience: string;
  readonly now: () => Date;
}

/** The kinds without objects. */
const askable: readonly Resource[] = kindsServed.filter(({ verbs }) => !verbs.includes("watch")).map(builtInResource);

export function createReviews(environment: Environment): Reviews {
  const { now } = environment;
  const reviews: Readonly<Record<string, Reviewing>> = {
    ...accessReviews(environment),
    ...identityReviews(environment),
  };
  return {
    at({ group, version, plural, namespace, name }) {
      const resource = askable.find((each) => apiVersionOf(each) === `${group}/${version}` && each.plural === plural);
      const review = resource && reviews[resource.kind];
      if (resource === undefined || review === undefined) return undefined;
      return {
        isOfOneself: resource.kind.startsWith("Self"),
        async answer(request, user) {
          if (name !== undefined) throw noSuchResource();
          if (request.method !== "POST") throw methodNotAllowed();
          // They have no metadata of which a table could be made.
          negotiate(request.headers["accept"], { isCustom: false, hasForms: false });
          const question = readQuestion(request, resource, { namespace, now: now() });
          return { code: 201, body: await review(question, user) };
        },
      };
    },
  };
}

/** Who somebody is. */
function identityReviews({ authentication, audience, now }: Environment): Readonly<Record<string, Reviewing>> {
  return {
    SelfSubjectReview: ({ kind, writer: { apiVersion } }, user) => ({
      ...{ kind, apiVersion },
      metadata: { creationTimestamp: timestamp(now()) },
      status: { userInfo: userInfo(user) },
    }),
    TokenReview: async (question) => {
      const spec = objectAt(question.body, "spec");
      const token = stringAt(spec, "token") ?? "";
      if (token === "") throw badRequest("token is required for TokenReview in authentication");
      const asked = listAt(spec, "audiences").filter((each) => typeof each === "string");
      const known = await authentication.ofToken(token, asked.length === 0 ? [audience] : asked);
      const status: JsonObject =
        known === undefined
          ? { user: {}, error: "invalid bearer token" }
          : { authenticated: true, user: userInfo(known.user), audiences: [...known.audiences] };
      const { metadata, managedFields } = tracked(question);
      const { kind, writer } = question;
      return { kind, apiVersion: writer.apiVersion, metadata: { ...metadata, managedFields }, spec, status };
    },
  };
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined ? {} : { extra: JSON.parse(JSON.stringify(extra)) }),
  };
}
