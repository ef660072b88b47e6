/** What the catalog offers, and to which teams. */

import { nounOf } from "../../clients/drivers.ts";
import { count } from "../../src/domain/count.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { CatalogDocument as Catalog } from "../../src/domain/documents/catalog.ts";
import { to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { useResource } from "../service/resource.ts";
import { caller, isIn } from "../service/session.ts";
import { Page, Section } from "../ui/page.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Tags } from "../ui/tags.tsx";
import { words } from "../ui/words.ts";

export function CatalogPage() {
  const resource = useResource("catalog", (signal) => get(addressOf({ route: "GET /api/catalog" }), signal));
  return (
    <Page title="Catalog">
      <p class="lead">
        What a request can name.{" "}
        {isIn("Onboarding.Operate") ? "You see the whole catalog." : "You see what your teams may request."}
      </p>
      <Loaded resource={resource} what="the catalog">
        {(catalog) => <View catalog={catalog} teams={caller.value?.teams ?? []} />}
      </Loaded>
    </Page>
  );
}

function View({ catalog, teams }: { readonly catalog: Catalog; readonly teams: readonly Team[] }) {
  return (
    <>
      <Clusters clusters={catalog.clusters} teams={teams} />
      <Databases servers={catalog.sqlServers} teams={teams} />
      <Targets targets={catalog.targets} teams={teams} />
      <Profiles profiles={catalog.profiles} teams={teams} />
      <SharedIdentities identities={catalog.sharedIdentities ?? []} />
      <Teams teams={teams} />
    </>
  );
}

function Clusters({ clusters, teams }: { readonly clusters: Catalog["clusters"]; readonly teams: readonly Team[] }) {
  return (
    <Section title="Clusters">
      {clusters.length === 0 ? (
        <Empty title="The catalog gives your teams no clusters." />
      ) : (
        <ul class="cards narrow">
          {clusters.map(({ name, environment, identityModes }) => (
            <li class="card" key={name}>
              <h3>
                <code>{name}</code>
              </h3>
              {environment !== undefined && <p class="muted">Environment {environment}</p>}
              <p>
                <Tags of={identityModes.map(words)} />
              </p>
              <p class="muted">
                {whoHas(teams, ({ clusters }) => (clusters.includes(name) ? "" : undefined)).join(", ")}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Databases({ servers, teams }: { readonly servers: Catalog["sqlServers"]; readonly teams: readonly Team[] }) {
  return (
    <Section title="Databases">
      {servers.length === 0 ? (
        <Empty title="The catalog gives your teams no databases." />
      ) : (
        <ul class="cards narrow">
          {servers.flatMap(({ name: server, environment, databases }) =>
            databases.map(({ name: database, roles }) => {
              const name = `${server}/${database}`;
              const who = whoHas(teams, ({ databases }) => databases?.[server]?.[database]?.join(", "));
              const request = { databases: `${name}=${roles[0] ?? ""}` };
              return <Offer key={name} {...{ name, environment, access: roles, who, request }} />;
            }),
          )}
        </ul>
      )}
    </Section>
  );
}

function Targets({ targets, teams }: { readonly targets: Catalog["targets"]; readonly teams: readonly Team[] }) {
  if (targets.length === 0) return null;
  return (
    <Section title="Other targets">
      <ul class="cards narrow">
        {targets.map(({ name, kind, environment, access }) => {
          const who = whoHas(teams, ({ targets }) => targets?.[name]?.join(", "));
          const request = { targets: `${name}=${access[0] ?? ""}` };
          return <Offer key={name} {...{ name, noun: nounOf(kind), environment, access, who, request }} />;
        })}
      </ul>
    </Section>
  );
}

interface Offered {
  readonly name: string;
  readonly noun?: string;
  readonly environment: string | undefined;
  readonly access: readonly string[];
  /** Which teams may ask for it, and for what. */
  readonly who: readonly string[];
  readonly request: Parameters<typeof to.newRequest>[0];
}

/** A database or another target. */
function Offer({ name, noun, environment, access, who, request }: Offered) {
  return (
    <li class="card">
      <h3>
        <code>{name}</code>
      </h3>
      {environment !== undefined && <p class="muted">Environment {environment}</p>}
      <p>
        {noun !== undefined && `${noun} `}
        <Tags of={access} />
      </p>
      <ul class="plain muted">
        {who.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <a href={to.access({ target: name })}>Who has access</a>{" "}
      {isIn("Onboarding.Request") && <a href={to.newRequest(request)}>Request access</a>}
    </li>
  );
}

function Teams({ teams }: { readonly teams: readonly Team[] }) {
  if (teams.length === 0) return null;
  return (
    <Section title="Teams">
      <ul class="cards narrow">
        {teams.map(({ name, namespaces, clusters, quota }) => (
          <li class="card" key={name}>
            <h3>{name}</h3>
            <p>
              Namespaces <code>{namespaces.join(", ")}</code> on {clusters.join(", ")}
            </p>
            <p class="muted">up to {count(quota, "namespace")}</p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Profiles({ profiles, teams }: { readonly profiles: Catalog["profiles"]; readonly teams: readonly Team[] }) {
  if (profiles.length === 0) return null;
  return (
    <Section title="Profiles">
      <ul class="cards narrow">
        {profiles.map(({ name, description }) => (
          <li class="card" key={name}>
            <h3>
              <code>{name}</code>
            </h3>
            {description !== undefined && <p>{description}</p>}
            <p class="muted">
              {whoHas(teams, (team) => ((team.profiles?.includes(name) ?? true) ? "" : undefined)).join(", ")}
            </p>
            {isIn("Onboarding.Request") && <a href={to.newRequest({ namespaceProfile: name })}>Request it</a>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function SharedIdentities({ identities }: { readonly identities: NonNullable<Catalog["sharedIdentities"]> }) {
  if (identities.length === 0) return null;
  return (
    <Section title="Shared identities">
      <ul class="cards narrow">
        {identities.map(({ name, clusters }) => (
          <li class="card" key={name}>
            <h3>
              <code>{name}</code>
            </h3>
            <p class="muted">for namespaces of {clusters.join(", ")}</p>
            {isIn("Onboarding.Request") && <a href={to.newRequest({ sharedIdentity: name })}>Request it</a>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Team = Caller["teams"][number];

/** The teams that have it, and with what access. */
function whoHas(teams: readonly Team[], of: (team: Team) => string | undefined): readonly string[] {
  if (teams.length === 0) return ["everyone who may send requests"];
  const having = teams.flatMap((team) => {
    const what = of(team);
    return what === undefined ? [] : [what === "" ? `team ${team.name}` : `team ${team.name}: ${what}`];
  });
  return having.length > 0 ? having : ["no team: operators only"];
}
