import { expect, it } from "vitest";
import { toRegistryError } from "../../../src/adapters/registry/errors.ts";

it("does not repeat the body of an unreadable answer: it may contain anyone's rows", () => {
  // The wording of core-rest-pipeline's deserialization.
  const message = `Error "SyntaxError: Unterminated string" occurred while parsing the response body - {"value":[{"RowKey":"secret-project",\n"team".`;
  const error = Object.assign(new Error(message), { name: "RestError", statusCode: 200 });

  const { code, message: told } = toRegistryError("MooringNamespaces", error);

  expect(code).toBe("REGISTRY_UNAVAILABLE");
  expect(told).toContain("MooringNamespaces: 200");
  expect(told).not.toContain("secret-project");
  expect(told).not.toContain("team");
});

it("reports a failed authentication when the account refuses the token", () => {
  const error = Object.assign(new Error("InvalidAuthenticationInfo"), { name: "RestError", statusCode: 401 });

  expect(toRegistryError("MooringSteps", error)).toMatchObject({
    code: "AUTHENTICATION_FAILED",
    message: "Table MooringSteps: 401 InvalidAuthenticationInfo",
  });
});
