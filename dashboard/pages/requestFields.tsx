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
import {
  type Choice,
  choose,
  databasesOf,
  type Offered,
  otherTargetsOf,
  reachableFrom,
  readRequest,
  withChosen,
} from "./requestForm.ts";

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
  const reachable = reachableFrom(param("cluster"), offered);
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
  const more = [fieldOfMode[mode], "sharedIdentity", "adoptionPolicy", "deletePolicy"] as const;
  return (
    <>
      {(["team", "cluster", "namespace", "identityMode"] as const).map(input)}
      <Targets field="databases" title="Databases" offered={databasesOf(reachable)} problems={problems} />
      <Targets field="targets" title="Other targets" offered={otherTargetsOf(reachable)} problems={problems} />
      {(["expiresAt", "expiresAfter", "namespaceProfile"] as const).map(input)}
      <details class="more-fields" open={more.some((name) => problems.has(`/${name}`))}>
        <summary>More fields</summary>
        {more.map(input)}
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
  expiresAt: (field) => <EndDate {...field} />,
  expiresAfter: (field) => (
    <Select {...field} title="Or ends after" any="as the day above says" options={Object.keys(spans)} labels={spans} />
  ),
};

/** Counted from when the request is accepted. */
const spans: Readonly<Record<string, string>> = {
  P1D: "a day",
  P7D: "7 days",
  P30D: "30 days",
  P90D: "90 days",
  P365D: "365 days",
};

/** The title of a field, or the target that a problem is about; undefined for what the form has no field for. */
export function fieldAt(pointer: string): string | undefined {
  const [, field = "", index] = /^\/(\w+)(?:\/(\d+)\/)?/.exec(pointer) ?? [];
  if (index !== undefined) return splitTargets(param(field))[Number(index)]?.key;
  return Object.hasOwn(inputs, field) ? titleOf(field as PlainField) : undefined;
}

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
  readonly labels?: Readonly<Record<string, string>>;
  readonly any: string;
}

/** The default is the empty option. */
function allBut<P extends string>(policies: Readonly<Record<P, string>>, usual: P): readonly string[] {
  return Object.keys(policies).filter((each) => each !== usual);
}

function Select({ name, title, options, labels = {}, any, problem }: SelectProps) {
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
            {labels[option] ?? (/^[a-z]+[A-Z]/.test(option) ? words(option) : option)}
          </option>
        ))}
      </select>
      {problem !== undefined && <span class="problem">{problem}</span>}
    </label>
  );
}

/** A day, unless the request already names a time of day. */
function EndDate(field: Field) {
  const { name, title, problem } = field;
  const value = param(name);
  const [, day] = /^(\d{4}-\d\d-\d\d)T00:00:00(?:\.0+)?Z$/.exec(value) ?? [];
  if (value !== "" && day === undefined) return <Text {...field} hint="A time in UTC; empty: see below" />;
  return (
    <label class="field">
      <span>{title}</span>
      <input
        type="date"
        value={day ?? ""}
        aria-invalid={problem !== undefined}
        onInput={({ currentTarget }) =>
          setParams({ [name]: currentTarget.value && `${currentTarget.value}T00:00:00Z` }, { replace: true })
        }
      />
      <span class="hint">
        At the beginning of that day, in UTC. Without one it does not end, where the catalog allows that.
      </span>
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
  const chosen = splitTargets(param(field));
  const choices = withChosen(offered, chosen);
  if (choices.length === 0) return null;
  const toggle = (key: string, word: string, isOn: boolean) =>
    setParams({ [field]: printTargets(choose(chosen, key, word, isOn)) }, { replace: true });
  return (
    <fieldset>
      <legend>{title}</legend>
      {choices.map(({ key, access, kind }) => {
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
