/**
 * The registry lost the row of a namespace that shared an identity, or is to share one, and another team asks for it: its pods could
 * use the identity that the first team had beside the one that they are given (lostRecord.test.ts has the namespace's own identity).
 */
import { beforeEach, describe, expect, it } from "vitest";
import { planRequest } from "../../src/application/dryRun/planRequest.ts";
import { findUnrecorded } from "../../src/application/inspection/unrecordedIdentities.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { findCluster, identityIdOf } from "../../src/domain/catalog/clusters.ts";
import { identityName, namespaceKey } from "../../src/domain/naming/names.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { newPair } from "../support/ids.ts";
import { operator as decider, member } from "../support/teams.ts";
import { credentialOf, home, name as homesIdentity, messages, requestFor, Share, sharedIdentity } from "./share.ts";

const [red, blue] = [member("red"), member("blue")];
const operator: Caller = { ...decider, roles: ["Onboarding.Operate", "Onboarding.Request"] };
let share: Share;

beforeEach(async () => {
  share = new Share();
  await share.send(home, red);
});

function lose(request: OnboardingRequest): void {
  expect(share.cloud.namespaces.delete(namespaceKey(request))).toBe(true);
}

async function planBy(by: Caller, request: OnboardingRequest) {
  const { steps } = await planRequest(createAcceptanceContext(share, by), request);
  return steps.flatMap(({ blockers }) => blockers.map(({ code, message }) => `${code} ${message}`));
}

describe("of a namespace with an identity of its own that comes back as a guest", () => {
  const key = "aks-dev/shared-g";
  const own = requestFor(key, { orders: ["reader"] });
  const asGuest = requestFor(key, messages, { sharedIdentity });
  const name = identityName(own);
  const clientId = () => share.cloud.identities.get(name)?.clientId ?? "";
  const told = () => `Identity "${name}" (client ID ${clientId()})`;

  async function loseOwn(): Promise<void> {
    expect((await share.send(own, blue)).status).toBe("Succeeded");
    lose(own);
  }

  it("gives it to nobody", async () => {
    await loseOwn();
    const before = share.access();

    const { error } = await share.send(asGuest, red);

    expect(error).toMatchObject({ code: "IDENTITY_UNRECORDED" });
    expect(error?.message).toContain(`${told()} has Mooring's tags from operation `);
    expect(error?.message).not.toContain("orders");
    expect(share.access()).toEqual(before);
    expect(share.recordOf(asGuest)).toBeUndefined();
    expect(share.recordOf(home)).not.toHaveProperty("guests");
  });

  it("shows an operator what it can reach, and what to do", async () => {
    await loseOwn();

    const [blocker] = await planBy(operator, { ...asGuest, team: "red" });

    expect(blocker).toContain(`users: ${name} (db_datareader) in sql-dev/orders`);
    expect(blocker).toContain(`federated credentials: system:serviceaccount:shared-g:app from `);
    expect(blocker).toContain(`onboard ${key} without sharedIdentity and with adoptIdentity=${clientId()}`);
  });

  it("goes as soon as it was onboarded with it and offboarded, or the identity was deleted", async () => {
    await loseOwn();

    expect((await share.send({ ...own, team: "blue" }, operator, { adoptIdentity: clientId() })).status).toBe(
      "Succeeded",
    );
    expect((await share.offboard(own)).status).toBe("Succeeded");
    expect((await share.send(asGuest, red)).status).toBe("Succeeded");

    await share.offboard(asGuest);
    await loseOwn();
    share.cloud.identities.delete(name);
    expect((await share.send(asGuest, red)).status).toBe("Succeeded");
  });

  describe("and was there before Mooring", () => {
    beforeEach(() => {
      const { catalog } = share.cloud.ports;
      const { location } = findCluster(catalog, own.cluster);
      const { tenantId } = catalog;
      share.cloud.identities.set(name, {
        ...newPair(),
        id: identityIdOf(catalog, own),
        name,
        location,
        tenantId,
        tags: {},
      });
    });

    it("counts if Mooring wrote anything for it", async () => {
      await loseOwn();

      const { error } = await share.send(asGuest, red);

      expect(error).toMatchObject({ code: "IDENTITY_UNRECORDED" });
      expect(error?.message).toContain(`${told()} has what Mooring wrote for ${key}`);
    });

    it("is nobody's business otherwise", async () => {
      expect((await share.send(asGuest, red)).status).toBe("Succeeded");
    });

    it("is told where a guest has a record already", async () => {
      await share.send(own, blue);
      const credentials = share.cloud.credentials.get(name);
      await share.offboard(own);
      await share.send(asGuest, red);

      share.cloud.credentials.set(name, credentials ?? []);

      const { identities } = await findUnrecorded(share.cloud.ports);
      expect(identities.map(({ identity, uses }) => [identity.name, uses])).toEqual([
        [name, [`credential ${credentialOf(own)}`]],
      ]);
    });
  });
});

describe("of a guest that comes back", () => {
  const key = "aks-new/shared-g";
  const asGuest = requestFor(key, messages, { sharedIdentity });
  const own = requestFor(key, { orders: ["reader"] });

  async function loseGuest(request = asGuest): Promise<void> {
    expect((await share.send(request, red)).status).toBe("Succeeded");
    lose(request);
  }

  it("gives its home's identity to nobody, and does not say whose it is", async () => {
    await loseGuest();
    const before = share.access();

    const { error } = await share.send(own, blue);

    expect(error).toMatchObject({ code: "IDENTITY_UNRECORDED" });
    const message = `Pods of ${key} can use the identity of another namespace, and no record knows it.`;
    expect(error?.message).toBe(`set up identity ${identityName(own)}: ${message}`);
    expect(await planBy(blue, own)).toEqual([`IDENTITY_UNRECORDED ${message}`]);
    expect(share.access()).toEqual(before);
    expect(share.recordOf(own)).toBeUndefined();
  });

  it("shows an operator which, by what, what it can reach, and what to do", async () => {
    await loseGuest();

    const [blocker] = await planBy(operator, { ...own, team: "blue" });

    expect(blocker).toContain(`"${homesIdentity}" of ${sharedIdentity}, by credential ${credentialOf(asGuest)}`);
    expect(blocker).toContain("in sql-dev/orders");
    expect(blocker).toContain(`A repair of ${sharedIdentity}`);
  });

  it("also by an identity binding", async () => {
    await loseGuest({ ...asGuest, identityMode: "identityBinding" });

    expect(await share.send(own, blue)).toMatchObject({ error: { code: "IDENTITY_UNRECORDED" } });
  });

  it("also by a credential of another name for one of its accounts", async () => {
    const issuer = findCluster(share.cloud.ports.catalog, own.cluster).oidcIssuer ?? "";
    const byHand = { name: "by-hand", issuer, subject: "system:serviceaccount:shared-g:app", audiences: ["a"] };
    const others = [
      { ...byHand, name: "of-a-longer-name", subject: "system:serviceaccount:shared-g-2:app" },
      { ...byHand, name: "of-another-issuer", issuer: "https://else" },
    ];
    const credentials = share.cloud.credentials.get(homesIdentity) ?? [];
    share.cloud.credentials.set(homesIdentity, [...credentials, ...others]);
    expect(await planBy(blue, own)).toEqual([]);

    share.cloud.credentials.set(homesIdentity, [...credentials, byHand]);

    expect(await planBy(operator, { ...own, team: "blue" })).toEqual([expect.stringContaining("credential by-hand")]);
  });

  it("as a guest of another home", async () => {
    await loseGuest();
    const other = requestFor("aks-new/shared-home", { orders: ["reader"] });
    share.cloud.ports.catalog.sharedIdentities[namespaceKey(other)] = { clusters: ["aks-new"] };
    await share.send(other, blue);

    const { error } = await share.send(
      requestFor(key, { orders: ["reader"] }, { sharedIdentity: namespaceKey(other) }),
      blue,
    );

    expect(error).toMatchObject({ code: "IDENTITY_UNRECORDED" });
  });

  it("goes as soon as its home was repaired", async () => {
    await loseGuest();
    await share.send(own, blue);

    expect((await share.repair(home)).status).toBe("Succeeded");

    expect((await share.send(own, blue)).status).toBe("Succeeded");
    expect(share.credentials()).toEqual([credentialOf(home)]);
  });

  it("goes as a guest of the same home, which names it again", async () => {
    await loseGuest();

    expect((await share.send(asGuest, red)).status).toBe("Succeeded");

    expect(share.recordOf(home)?.guests).toEqual([key]);
  });

  it("is not in the way of what is onboarded", async () => {
    await share.send(own, blue);
    const late = { name: credentialOf(asGuest), issuer: "https://else", subject: "system:serviceaccount:shared-g:app" };
    const credentials = share.cloud.credentials.get(homesIdentity) ?? [];
    share.cloud.credentials.set(homesIdentity, [...credentials, { ...late, audiences: ["a"] }]);

    expect((await share.send(requestFor(key, messages), blue)).status).toBe("Succeeded");
    expect((await share.repair(own)).status).toBe("Succeeded");
  });
});
