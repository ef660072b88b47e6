/** Workload identity federation: exchanges a service account's token for a managed identity. */
import { decodeJwt, errors, jwtVerify } from "jose";
import { type Identity, principalOf, type ServicePrincipal, type World } from "../world.ts";
import { type Assertion, failures } from "./failures.ts";
import type { IssuerKeys } from "./issuerKeys.ts";

/** The identity of `clientId` if one of its federated credentials trusts the assertion; otherwise throws an EntraFailure. */
export async function exchangeAssertion(
  world: World,
  {
    clientId,
    assertion,
    federationDelayMs,
    issuerKeys,
  }: { clientId: string; assertion: string; federationDelayMs: number; issuerKeys: IssuerKeys },
): Promise<ServicePrincipal> {
  const identity = world.identities.withClientId(clientId);
  if (!identity) throw failures.unknownClient(clientId, world.tenantId);
  const presented = readAssertion(world, assertion);
  matchCredential(world, { identity, presented, federationDelayMs });
  await verifySignature(world, assertion, { issuer: presented.issuer, issuerKeys });
  return principalOf(identity);
}

function readAssertion(world: World, assertion: string): Assertion {
  const claims = decode(assertion);
  const { iss: issuer, sub: subject, aud, exp, nbf = 0 } = claims;
  const audience = Array.isArray(aud) ? aud[0] : aud;
  if (issuer === undefined || subject === undefined || audience === undefined || exp === undefined) {
    throw failures.malformedAssertion();
  }
  const now = world.now();
  const seconds = now.getTime() / 1000;
  if (exp <= seconds || nbf > seconds + 300) throw failures.outOfTime(now, new Date(exp * 1000));
  return { issuer, subject, audience };
}

function decode(assertion: string) {
  try {
    return decodeJwt(assertion);
  } catch {
    // decodeJwt throws only if the assertion is not a JWT.
    throw failures.malformedAssertion();
  }
}

/** Compares issuer, subject and audience exactly; the first one that no credential has determines the error. */
function matchCredential(
  world: World,
  { identity, presented, federationDelayMs }: { identity: Identity; presented: Assertion; federationDelayMs: number },
): void {
  const all = [...identity.federatedCredentials.values()];
  const visible = all.filter(
    ({ writtenAt }) => !writtenAt || world.now().getTime() - writtenAt.getTime() >= federationDelayMs,
  );
  const matches = (credential: (typeof all)[number]) =>
    credential.issuer === presented.issuer &&
    credential.subject === presented.subject &&
    credential.audiences.includes(presented.audience);
  if (visible.some(matches)) return;
  if (all.some(matches)) throw failures.notYetReplicated(presented);
  const sameIssuer = visible.filter(({ issuer }) => issuer === presented.issuer);
  if (sameIssuer.length === 0) throw failures.wrongIssuer(presented);
  if (sameIssuer.some(({ subject }) => subject === presented.subject)) throw failures.wrongAudience(presented);
  const folded = presented.subject.toLowerCase();
  if (sameIssuer.some(({ subject }) => subject.toLowerCase() === folded)) throw failures.wrongSubjectCase(presented);
  throw failures.wrongSubject(presented);
}

/** The real service fetches the issuer's keys only once a credential matches, so a wrong issuer is reported first. */
async function verifySignature(
  world: World,
  assertion: string,
  { issuer, issuerKeys }: { issuer: string; issuerKeys: IssuerKeys },
): Promise<void> {
  const cluster = [...world.clusters.values()].find(({ oidcIssuer }) => oidcIssuer === issuer);
  if (!cluster) throw failures.issuerUnreachable(issuer);
  const { publicKey } = cluster.serviceAccountKey;
  const key = cluster.isOutsideAzure ? await issuerKeys(issuer) : async () => publicKey;
  try {
    await jwtVerify(assertion, key, { currentDate: world.now(), clockTolerance: 300 });
  } catch (error) {
    if (error instanceof errors.JOSEError) throw failures.badSignature();
    throw error;
  }
}
