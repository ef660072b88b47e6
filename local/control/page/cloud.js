/** The page of the sandbox: it speaks with /sandbox alone (docs/sandbox.md), and makes text of whatever it is told. */
const wires = ["arm", "entra", "sql", "kubernetes", "serviceBus", "nodeIdentity", "tables", "durable"];
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

/** What goes wrong is said, and nothing else stops. */
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

function showFaults({ latencyMs, value }) {
  find("latency").latencyMs.value = String(latencyMs);
  const rows = value.map(({ id, wire, operation = "any operation", target, times, effect, hits }) => {
    const row = make("li");
    const remove = make("button", "Switch off", { type: "button" });
    remove.setAttribute("aria-label", `Switch off the fault of ${wire}, ${operation}`);
    remove.addEventListener(
      "click",
      attempt(async () => showFaults(await ask(`faults/${encodeURIComponent(id)}`, { method: "DELETE" }))),
    );
    row.append(
      make("code", `${wire} ${operation}${target === undefined ? "" : ` ${target}`}`),
      ` ${JSON.stringify(effect)}, ${times === "always" ? "always" : `${times} time(s)`}, has hit ${hits} `,
      remove,
    );
    return row;
  });
  faults.replaceChildren(...(rows.length > 0 ? rows : [make("li", "None: the cloud does what it is asked.")]));
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

let seen = 0;
function filters() {
  // Not named after the parameter: a field called "contains" would hide the form's own method of that name.
  const { wire, part: contains } = Object.fromEntries(new FormData(find("filter")));
  const given = Object.entries({ wire, contains }).filter(([, value]) => value !== "");
  return new URLSearchParams([...given, ["after", String(seen)], ["limit", String(newest)]]);
}

/** Only what is new comes; the newest stands above. */
async function showJournal() {
  const { total, value } = await ask(`journal?${filters()}`);
  seen = total;
  const rows = value.toReversed().map(({ at, wire, operation, target, fault }) => {
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

/** Facts first, and what has parts of its own to be unfolded. */
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
  // Made when somebody looks: a cloud may hold thousands of things.
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
