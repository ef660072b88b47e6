import { app } from "@azure/functions";
import { createHtmlPage, type HtmlPage } from "../../domain/http/htmlPage.ts";
import type { Routes } from "../http/route.ts";
import { renderDocs } from "./docsPage.ts";
import { docsStyle } from "./docsStyle.ts";
import { createOpenApi } from "./openapi.ts";

/** The OpenAPI document for people. */
export function registerDocs(routes: Routes): void {
  let page: HtmlPage | undefined;
  app.http("docs", {
    route: "api/docs",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: routes.forAnybody(async () => {
      page ??= createHtmlPage({ title: "Mooring API", style: docsStyle, body: renderDocs(createOpenApi()) });
      return {
        status: 200,
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": page.policy,
          "x-content-type-options": "nosniff",
          "referrer-policy": "no-referrer",
          "cache-control": "no-cache",
        },
        body: page.html,
      };
    }),
  });
}
