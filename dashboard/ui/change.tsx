/** The dialog for every change: it shows the plan first, and sends the change only after that. */

import { effect, type Signal, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { CallOf, ChangeRoute, DocumentOf } from "../../clients/api.ts";
import { toError } from "../../src/domain/messageOf.ts";
import type { BatchPlan } from "../../src/domain/operation/batch.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { path as pagePath, query } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import * as service from "../service/client.ts";
import { createRequestKeys } from "../service/requestKeys.ts";
import { useResource } from "../service/resource.ts";
import { announce } from "./announcer.tsx";
import { BatchPlanView, PlanView } from "./plan.tsx";
import { isOutdated, Loaded, Outdated, ProblemText, sendAgainText } from "./states.tsx";

export interface Change {
  readonly title: string;
  /** The text of the button. */
  readonly verb: string;
  readonly call: CallOf<ChangeRoute>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** The ETag of what the person saw; undefined when the plan supplies one. */
  readonly ifMatch: string | undefined;
  /** Shows the current state after a conflict. */
  readonly reload: () => void;
  readonly takesComment?: boolean;
  /** What the person has to have seen before agreeing. */
  readonly about?: ComponentChildren;
  /** An optional query flag; changing it makes a new plan. */
  readonly choice?: { readonly name: "ignoreDependants"; readonly text: string };
  /** The same page cannot undo this. */
  readonly isGrave?: boolean;
  readonly done: (accepted: DocumentOf<ChangeRoute>) => void;
}

const asked = signal<Change | undefined>(undefined);

export function ask(change: Change): void {
  asked.value = change;
}

// "This namespace" is the one of the page: on another page, or with other filters, nobody may agree to it.
effect(() => {
  void [pagePath.value, query.value];
  asked.value = undefined;
});

export function ChangeDialog() {
  const change = asked.value;
  return change ? <Asked key={addressOf(change.call) + change.title} change={change} /> : null;
}

function Asked({ change }: { readonly change: Change }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const isSeen = useSignal(change.about === undefined);
  const comment = useSignal("");
  const state = useSignal<"idle" | "sending">("idle");
  const error = useSignal<Error | undefined>(undefined);
  const isChosen = useSignal(false);
  const isOpen = () => asked.peek() === change;
  /** Only after the browser has closed the dialog, and so returned the focus. */
  const forget = () => {
    if (isOpen()) asked.value = undefined;
  };
  const { choice } = change;
  const call: CallOf<ChangeRoute> =
    choice && isChosen.value ? { ...change.call, query: { ...change.call.query, [choice.name]: "true" } } : change.call;
  const address = addressOf(call);
  const plan = useResource(`plan ${address}`, (signal) =>
    service.plan(call, { ...requestOf(change, ""), headers: conditionOf(change.ifMatch), signal }),
  );

  const keyOf = useMemo(createRequestKeys, []);

  const send = async (event: Event) => {
    event.preventDefault();
    state.value = "sending";
    error.value = undefined;
    try {
      const request = requestOf(change, comment.value);
      const condition = conditionOf(change.ifMatch ?? plan.data.value?.etag);
      const accepted = await service.change(call, {
        ...request,
        headers: { ...condition, "idempotency-key": keyOf(call.route, address, request, condition) },
      });
      // The person has left for another page, and stays there.
      if (!isOpen()) return announce(`Accepted: ${change.verb}`);
      dialog.current?.close();
      // The button that opened the dialog may be gone once the change has an effect.
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
      change.done(accepted);
    } catch (reason) {
      error.value = toError(reason);
      state.value = "idle";
      if (!isOpen()) announce(`Failed: ${change.verb}. ${error.value.message}`);
    }
  };

  const showNow = () => {
    if (change.ifMatch === undefined) {
      error.value = undefined;
      // Until the new plan is there, nobody can agree to the old one.
      plan.data.value = undefined;
      plan.reload();
    } else {
      dialog.current?.close();
      change.reload();
    }
  };

  const outdated = [error.value, plan.error.value].find(isOutdated);
  const isPlanned = plan.data.value !== undefined && !outdated;
  const isBlocked = plan.data.value !== undefined && standsInTheWay(plan.data.value);
  const isSending = state.value === "sending";
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      onClose={forget}
      // Closing the dialog would not stop what has been sent, and would hide its failure.
      onCancel={(event) => isSending && event.preventDefault()}
      aria-labelledby="change-title"
    >
      <form onSubmit={send}>
        <h2 id="change-title" class="dialog-head" tabIndex={-1} autofocus>
          {change.title}
        </h2>
        <div class="dialog-body">
          {change.about !== undefined && <ToBeSeen isSeen={isSeen}>{change.about}</ToBeSeen>}
          {choice && <Choice text={choice.text} isChosen={isChosen} />}
          {outdated ? (
            <Outdated error={outdated} showNow={showNow} />
          ) : (
            <Loaded resource={plan} what="the plan">
              {(data) => ("items" in data ? <BatchPlanView plan={data} /> : <PlanView plan={data} />)}
            </Loaded>
          )}
          {change.takesComment && <Comment value={comment} />}
          {error.value && !outdated && (
            <div class="failure" role="alert">
              <p class="empty-title">The request failed.</p>
              <ProblemText error={error.value} />
              <p class="muted">{sendAgainText}</p>
            </div>
          )}
        </div>
        <Foot change={change} isReady={isPlanned && !isBlocked && isSeen.value} isSending={isSending} close={close} />
      </form>
    </dialog>
  );
}

/** True once its end has been in view: what is below the fold is not agreed to unseen. */
function ToBeSeen({ isSeen, children }: { readonly isSeen: Signal<boolean>; readonly children: ComponentChildren }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) isSeen.value = true;
    });
    if (end.current) observer.observe(end.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return (
    <>
      {children}
      <div ref={end} />
    </>
  );
}

function Choice({ text, isChosen }: { readonly text: string; readonly isChosen: Signal<boolean> }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isChosen.value}
        onChange={(event) => {
          isChosen.value = event.currentTarget.checked;
        }}
      />
      {text}
    </label>
  );
}

interface FootProps {
  readonly change: Change;
  /** There is a plan, and nothing in its way. */
  readonly isReady: boolean;
  readonly isSending: boolean;
  readonly close: () => void;
}

function Foot({ change, isReady, isSending, close }: FootProps) {
  return (
    <div class="dialog-foot">
      <button type="button" onClick={close} disabled={isSending}>
        Close
      </button>
      <button type="submit" class={change.isGrave ? "primary grave" : "primary"} disabled={!isReady || isSending}>
        {isSending ? "Sending …" : change.verb}
      </button>
    </div>
  );
}

function standsInTheWay(plan: Plan | BatchPlan): boolean {
  return "items" in plan ? plan.totals.ready + plan.totals.notPlanned === 0 : plan.blocked;
}

function Comment({ value }: { readonly value: Signal<string> }) {
  return (
    <label class="field">
      <span>Comment (recorded with the decision)</span>
      <textarea
        rows={2}
        maxLength={1_000}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}

function requestOf({ body, takesComment }: Change, comment: string) {
  const text = comment.trim();
  const sent = { ...body, ...(takesComment && text !== "" ? { comment: text } : {}) };
  return Object.keys(sent).length > 0 ? { body: sent } : {};
}

function conditionOf(ifMatch: string | undefined): Record<string, string> {
  return ifMatch === undefined ? {} : { "if-match": ifMatch };
}
