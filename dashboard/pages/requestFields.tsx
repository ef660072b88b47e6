/** The fields of the form. Their values are in the address. */

import { type ComponentChildren, Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { nounOf } from "../../clients/drivers.ts";
import {
  adoptionPolicies,
  deletePolicies,
  othersOf,
  type PlainField,
  printTargets,
  splitTargets,
  titleOf,
} from "../../clients/request.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import { defaultMode, fieldOfMode } from "../../src/domain/request/modes.ts";
import { param, query, setParams } from "../app/router.ts";
import { words } from "../ui/words.ts";
import { type Choice, choose, databasesOf, type Offered, otherTargetsOf, readRequest } from "./requestForm.ts";

/** What the service says of fields, by JSON pointer. */
export type Problems = ReadonlyMap<string, string>;

interface Form {
  readonly offered: Offered;
  readonly who: Caller;
}

interface Field {
  readonly name: PlainField;
  readonly title: string;
  readonly problem: string | undefined;
}

export function Fields({ problems, ...form }: Form & { readonly problems: Problems }) {
  const { offered } = form;
  // A single option is preselected.
  useEffect(() => {
    const [only, another] = offered.clusters;
    if (param("cluster") === "" && only && !another) setParams({ cluster: only.name }, { replace: true });
  }, [offered]);
  const input = (name: PlainField) => {
    const field = { name, title: titleOf(name), problem: problems.get(`/${name}`) };
    return <Fragment key={name}>{inputs[name](field, form)}</Fragment>;
  };
  const mode = modesIn(offered).find((each) => each === param("identityMode")) ?? defaultMode;
  return (
    <>
      {(["team", "cluster", "namespace", "identityMode"] as const).map(input)}
      <Targets field="databases" title="Databases" offered={databasesOf(offered)} problems={problems} />
      <Targets field="targets" title="Other targets" offered={otherTargetsOf(offered)} problems={problems} />
      {(["expiresAt", "expiresAfter", "namespaceProfile"] as const).map(input)}
      <details class="more-fields">
        <summary>More fields</summary>
        {([fieldOfMode[mode], "sharedIdentity", "adoptionPolicy", "deletePolicy"] as const).map(input)}
      </details>
      <Kept />
    </>
  );
}

function modesIn({ clusters }: Offered) {
  return clusters.find(({ name }) => name === param("cluster"))?.identityModes ?? [];
}

/** Total: a field of the request that is missing here does not compile. */
const inputs: { readonly [F in PlainField]: (field: Field, form: Form) => ComponentChildren } = {
  team: (field, { who: { teams } }) =>
    teams.length > 0 && (
      <Select
        {...field}
        title="For which team"
        any={teams.length === 1 ? "your team" : "the team that matches"}
        options={teams.map(({ name }) => name)}
      />
    ),
  cluster: (field, { offered }) => (
    <Select {...field} any="choose" options={offered.clusters.map(({ name }) => name)} />
  ),
  namespace(field, { who: { teams } }) {
    const team = param("team");
    const own = team === "" ? teams : teams.filter(({ name }) => name === team);
    const patterns = new Set(own.flatMap(({ namespaces }) => namespaces));
    const hint =
      patterns.size > 0 ? `Your teams may use: ${[...patterns].join(", ")}` : "Created if it does not exist.";
    return <Text {...field} hint={hint} isFirst />;
  },
  identityMode: (field, { offered }) => (
    <Select {...field} any="workload identity" options={modesIn(offered).filter((each) => each !== defaultMode)} />
  ),
  serviceAccount: (field) => <Text {...field} hint="Default: app" />,
  selector: (field) => <Text {...field} hint="Value of the label aadpodidbinding; default: the namespace's name" />,
  namespaceProfile: (field, { offered: { profiles } }) =>
    profiles.length > 0 && <Select {...field} any="none" options={profiles.map(({ name }) => name)} />,
  sharedIdentity: (field) => (
    <Text
      {...field}
      title="Identity of another namespace"
      hint="Such as aks-dev/team-a, if the catalog lets you share it; empty: an identity of its own"
    />
  ),
  adoptionPolicy: (field) => (
    <Select {...field} any="take over if identical" options={allBut(adoptionPolicies, "IfIdentical")} />
  ),
  deletePolicy: (field) => (
    <Select {...field} any="remove if Mooring created it" options={allBut(deletePolicies, "Delete")} />
  ),
  expiresAt: (field) => <Text {...field} hint="A time in UTC, such as 2027-01-31T00:00:00Z; empty: it does not end" />,
  expiresAfter: (field) => (
    <Text {...field} title="Or ends after" hint="A duration, such as P30D or PT12H, counted from the acceptance" />
  ),
};

/** Fields that this page does not know, from a newer service: sent as they are. */
function Kept() {
  const others = othersOf(readRequest(query.value) ?? {});
  if (others.length === 0) return null;
  return (
    <fieldset>
      <legend>Also in the request, unchanged</legend>
      {others.map(([field, json]) => (
        <p key={field}>
          {field}: <code>{json}</code>
        </p>
      ))}
    </fieldset>
  );
}

interface SelectProps extends Field {
  readonly options: readonly string[];
  readonly any: string;
}

/** The default is the empty option. */
function allBut<P extends string>(policies: Readonly<Record<P, string>>, usual: P): readonly string[] {
  return Object.keys(policies).filter((each) => each !== usual);
}

function Select({ name, title, options, any, problem }: SelectProps) {
  const value = param(name);
  // A value from the address is shown even if it is not offered; the plan says what is wrong with it.
  const all = value === "" || options.includes(value) ? options : [...options, value];
  return (
    <label class="field">
      <span>{title}</span>
      <select
        value={value}
        aria-invalid={problem !== undefined}
        onChange={(event) => setParams({ [name]: event.currentTarget.value })}
      >
        <option value="">{any}</option>
        {all.map((option) => (
          <option key={option} value={option}>
            {/^[a-z]+[A-Z]/.test(option) ? words(option) : option}
          </option>
        ))}
      </select>
      {problem !== undefined && <span class="problem">{problem}</span>}
    </label>
  );
}

interface TextProps extends Field {
  readonly hint: string;
  readonly isFirst?: boolean;
}

function Text({ name, title, hint, problem, isFirst = false }: TextProps) {
  return (
    <label class="field">
      <span>{title}</span>
      <input
        value={param(name)}
        spellcheck={false}
        autoComplete="off"
        aria-invalid={problem !== undefined}
        data-search={isFirst ? "" : undefined}
        onInput={(event) => setParams({ [name]: event.currentTarget.value.trim() }, { replace: true })}
      />
      <span class="hint">{hint}</span>
      {problem !== undefined && <span class="problem">{problem}</span>}
    </label>
  );
}

interface TargetsProps {
  readonly field: "databases" | "targets";
  readonly title: string;
  readonly offered: readonly Choice[];
  readonly problems: Problems;
}

function Targets({ field, title, offered, problems }: TargetsProps) {
  if (offered.length === 0) return null;
  const chosen = splitTargets(param(field));
  const toggle = (key: string, word: string, isOn: boolean) =>
    setParams({ [field]: printTargets(choose(chosen, key, word, isOn)) }, { replace: true });
  return (
    <fieldset>
      <legend>{title}</legend>
      {offered.map(({ key, access, kind }) => {
        const own = chosen.find((each) => each.key === key);
        const index = own ? chosen.indexOf(own) : -1;
        const found = [...problems].filter(([pointer]) => pointer.startsWith(`/${field}/${index}/`));
        return (
          <fieldset class="target" key={key}>
            <legend>
              <code>{key}</code> {kind !== undefined && <span class="muted">{nounOf(kind)}</span>}
            </legend>
            {access.map((word) => (
              <label class="check" key={word}>
                <input
                  type="checkbox"
                  checked={own?.access.includes(word) ?? false}
                  onChange={(event) => toggle(key, word, event.currentTarget.checked)}
                />
                {word}
              </label>
            ))}
            {found.map(([pointer, detail]) => (
              <span class="problem" key={pointer}>
                {detail}
              </span>
            ))}
          </fieldset>
        );
      })}
    </fieldset>
  );
}
