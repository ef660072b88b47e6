import { useComputed, useSignalEffect } from "@preact/signals";
import { AccessPage } from "../pages/access.tsx";
import { ApprovalsPage } from "../pages/approvals.tsx";
import { AuditPage } from "../pages/audit.tsx";
import { CatalogPage } from "../pages/catalog.tsx";
import { NamespacePage } from "../pages/namespace.tsx";
import { NamespacesPage } from "../pages/namespaces.tsx";
import { NewRequestPage } from "../pages/newRequest.tsx";
import { OperationPage } from "../pages/operation.tsx";
import { BatchesPage, OperationsPage } from "../pages/operations.tsx";
import { contact } from "../service/client.ts";
import { follow } from "../service/live.ts";
import { gate } from "../service/session.ts";
import { Page } from "../ui/page.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { Gate } from "./gate.tsx";
import { base, path } from "./router.ts";
import { Shell } from "./shell.tsx";

export function App() {
  useSignalEffect(() => {
    const [, page, id] = path.value.split("/");
    follow(
      page === "operations" && id
        ? { route: "GET /api/operations/{id}/events", at: { id: decode(id) } }
        : { route: "GET /api/events" },
    );
  });
  const isKnown = useComputed(() => gate.value);
  if (isKnown.value === "starting") return <Starting />;
  if (isKnown.value === "signIn") return <Gate />;
  return (
    <Shell>
      <Current key={path.value} />
    </Shell>
  );
}

function Starting() {
  return (
    <main class="gate">
      <Loading what="Mooring" />
      {!contact.value.isThere && <p class="notice">The service is not responding. Retrying every two seconds.</p>}
    </main>
  );
}

function Current() {
  const [page = "", first = "", second = ""] = path.value.split("/").slice(1).map(decode);
  if (page === "operations") return first === "" ? <OperationsPage /> : <OperationPage id={first} />;
  if (page === "namespaces")
    return second === "" ? <NamespacesPage /> : <NamespacePage cluster={first} name={second} />;
  if (page === "approvals") return <ApprovalsPage />;
  if (page === "new") return <NewRequestPage />;
  if (page === "batches") return <BatchesPage />;
  if (page === "access") return <AccessPage />;
  if (page === "audit") return <AuditPage />;
  if (page === "catalog") return <CatalogPage />;
  return (
    <Page title="Page not found">
      <Empty title="This page does not exist.">
        <p>
          The link may be incomplete. <a href={`${base}/operations`}>Go to Operations</a>
        </p>
      </Empty>
    </Page>
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
