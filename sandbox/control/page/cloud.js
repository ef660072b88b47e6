/** The sandbox's page: it calls only /sandbox (sandbox/README.md), and renders every answer as plain text. */
const wires = [
  ...["arm", "entra", "sql", "postgres", "kubernetes", "serviceBus", "eventHubs"],
  ...["storage", "keyVault", "cosmos", "appConfiguration", "openAi", "nodeIdentity", "tables", "durable"],
];
const newest = 200;

const find = (id) => document.getElementById(id);
const [state, faults, journal, cloud] = ["state", "faults", "journal", "cloud"].map(find);

function make(name, text, properties = {}) {
  const element = Object.assign(document.createElement(name), properties);
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(path, { method = "GET", body } = {}) {
  const response = await fetch(`/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.detail} ${answer.fix ?? ""}`);
  return answer;
}

/** Shows an error, and lets everything else go on. */
function attempt(work) {
  return async (event) => {
    event?.preventDefault();
    try {
      await work(event);
      state.textContent = "";
    } catch (error) {
      state.textContent = error instanceof TypeError ? "The sandbox does not answer." : error.message;
    }
  };
}

for (const select of document.querySelectorAll("select[name=wire]")) {
  if (select.form.id === "filter") select.append(make("option", "any", { value: "" }));
  select.append(...wires.map((wire) => make("option", wire, { value: wire })));
}

const effectWords = Object.fromEntries(
  [...find("fault").effect.options].map(({ value, textContent }) => [value, textContent]),
);

/** Includes everything that an effect has besides its kind. */
function sayEffect({ kind, ...details }) {
  const said = Object.entries(details).map(([name, value]) => (name === "code" ? String(value) : `${name} ${value}`));
  return [effectWords[kind] ?? kind, ...said].join(" ");
}

/** What people try first; each fills in the form. */
const examples = {
  "a database refuses to create users": { wire: "sql", operation: "CREATE USER", effect: "error", value: "15247" },
  "Azure asks to slow down, three times": { wire: "arm", operation: "", effect: "error", value: "429", times: "3" },
  "the cluster takes two seconds for everything": { wire: "kubernetes", operation: "", effect: "delay", value: "2000" },
  "the cluster cuts connections before it answers": {
    wire: "kubernetes",
    operation: "",
    effect: "cutAfter",
    times: "2",
  },
  "Entra never answers": { wire: "entra", operation: "", effect: "hang" },
};
find("examples").append(...Object.keys(examples).map((text) => make("option", text, { value: text })));
find("examples").addEventListener("change", ({ target }) => {
  const { elements } = find("fault");
  for (const [name, value] of Object.entries({ times: "always", ...examples[target.value] }))
    elements[name].value = value;
});

let shownFaults = "";

/** Keeps what is being typed and where the focus is, though it runs every second. */
function showFaults({ latencyMs, value }) {
  const { latencyMs: field } = find("latency");
  if (document.activeElement !== field) field.value = String(latencyMs);
  if (JSON.stringify(value) === shownFaults) return;
  shownFaults = JSON.stringify(value);
  const selected = document.activeElement?.dataset.fault;
  const rows = value.map(({ id, wire, operation = "any operation", target, times, effect, hits }) => {
    const row = make("li");
    const remove = make("button", "Switch off", { type: "button" });
    remove.setAttribute("aria-label", `Switch off the fault of ${wire}, ${operation}`);
    remove.dataset.fault = id;
    remove.addEventListener(
      "click",
      attempt(async () => showFaults(await ask(`faults/${encodeURIComponent(id)}`, { method: "DELETE" }))),
    );
    row.append(
      make("code", `${wire} ${operation}${target === undefined ? "" : ` ${target}`}`),
      ` ${sayEffect(effect)}, ${times === "always" ? "always" : `${times} time${times === 1 ? "" : "s"}`}; hits so far: ${hits} `,
      remove,
    );
    return row;
  });
  faults.replaceChildren(...(rows.length > 0 ? rows : [make("li", "None: the cloud works normally.")]));
  if (selected !== undefined) faults.querySelector(`[data-fault="${CSS.escape(selected)}"]`)?.focus();
}

find("fault").addEventListener(
  "submit",
  attempt(async ({ target: form }) => {
    const { wire, operation, effect, value, times } = Object.fromEntries(new FormData(form));
    const code = /^\d+$/.test(value) ? Number(value) : value;
    await ask("faults", {
      method: "POST",
      body: {
        wire,
        ...(operation === "" ? {} : { operation }),
        times: times === "always" ? "always" : Number(times),
        effect:
          effect === "error"
            ? { kind: effect, code, ...(code >= 400 && code < 600 ? { status: code } : {}) }
            : effect === "delay"
              ? { kind: effect, ms: code }
              : { kind: effect },
      },
    });
    showFaults(await ask("faults"));
  }),
);
find("clear").addEventListener(
  "click",
  attempt(async () => showFaults(await ask("faults", { method: "DELETE" }))),
);
find("latency").addEventListener(
  "submit",
  attempt(async ({ target: form }) =>
    showFaults(await ask("latency", { method: "POST", body: { latencyMs: Number(form.latencyMs.value) } })),
  ),
);

/** Operations that were called are offered to be made to fail. */
const offered = new Set();
function offer(operation) {
  if (offered.has(operation) || offered.size >= newest) return;
  offered.add(operation);
  find("operations").append(make("option", undefined, { value: operation }));
}

let seen = 0;
function filters() {
  // Not named after the parameter: a field called "contains" would hide the form's own method of that name.
  const { wire, part: contains } = Object.fromEntries(new FormData(find("filter")));
  const given = Object.entries({ wire, contains }).filter(([, value]) => value !== "");
  return new URLSearchParams([...given, ["after", String(seen)], ["limit", String(newest)]]);
}

/** Fetches only what is new; the newest comes first. */
async function showJournal() {
  const { total, value } = await ask(`journal?${filters()}`);
  seen = total;
  const rows = value.toReversed().map(({ at, wire, operation, target, fault }) => {
    offer(operation);
    const row = make("li");
    row.append(make("time", at.slice(11, 23), { dateTime: at }), " ", make("code", `${wire} ${operation} ${target}`));
    if (fault !== undefined) row.append(" ", make("span", `hit by fault ${fault}`, { className: "hit" }));
    return row;
  });
  journal.prepend(...rows);
  while (journal.children.length > newest) journal.lastElementChild.remove();
}
find("filter").addEventListener(
  "input",
  attempt(async () => {
    seen = 0;
    journal.replaceChildren();
    await showJournal();
  }),
);

const isPlain = (value) => value === null || typeof value !== "object";
const titleOf = (value, index) => value.name ?? value.displayName ?? value.kind ?? value.id ?? `no. ${index + 1}`;

/** Plain values first, then nested ones, which unfold. */
function describe(value) {
  const entries = Array.isArray(value)
    ? value.map((each, index) => [isPlain(each) ? String(index + 1) : String(titleOf(each, index)), each])
    : Object.entries(value);
  const facts = make("dl");
  const parts = [];
  for (const [name, each] of entries) {
    if (isPlain(each)) facts.append(make("dt", name), make("dd", each === null ? "null" : String(each)));
    else parts.push(unfold(name, each));
  }
  return [...(facts.children.length > 0 ? [facts] : []), ...parts];
}

function unfold(name, value) {
  const details = make("details");
  details.append(make("summary", Array.isArray(value) ? `${name} (${value.length})` : name));
  // Filled when it is opened: a cloud may hold thousands of things.
  details.addEventListener("toggle", () => details.children.length === 1 && details.append(...describe(value)));
  return details;
}

const look = attempt(async () => cloud.replaceChildren(...describe(await ask("cloud"))));
find("look").addEventListener("click", look);

await look();
const watch = attempt(async () => {
  if (document.hidden) return;
  showFaults(await ask("faults"));
  await showJournal();
});
await watch();
setInterval(watch, 1_000);
