/**
 * The tables of a Log Analytics workspace that our queries read, with all of their columns:
 * learn.microsoft.com/azure/azure-monitor/reference/tables/<name>, whose source is
 * MicrosoftDocs/azure-reference-other, azure-monitor-ref/tables/includes/<name>-include.md (2024-02-18, AppRequests 2024-07-30).
 */
type ColumnType = "bool" | "datetime" | "dynamic" | "int" | "real" | "string";

/** Columns of every Application Insights table. */
const common = {
  AppRoleInstance: "string",
  AppRoleName: "string",
  AppVersion: "string",
  _BilledSize: "real",
  ClientBrowser: "string",
  ClientCity: "string",
  ClientCountryOrRegion: "string",
  ClientIP: "string",
  ClientModel: "string",
  ClientOS: "string",
  ClientStateOrProvince: "string",
  ClientType: "string",
  IKey: "string",
  _IsBillable: "string",
  ItemCount: "int",
  OperationId: "string",
  OperationName: "string",
  ParentId: "string",
  Properties: "dynamic",
  ResourceGUID: "string",
  _ResourceId: "string",
  SDKVersion: "string",
  SessionId: "string",
  SourceSystem: "string",
  _SubscriptionId: "string",
  SyntheticSource: "string",
  TenantId: "string",
  TimeGenerated: "datetime",
  Type: "string",
  UserAccountId: "string",
  UserAuthenticatedId: "string",
  UserId: "string",
} as const;

export const tables: Readonly<Record<string, Readonly<Record<string, ColumnType>>>> = {
  AppTraces: {
    ...common,
    Measurements: "dynamic",
    Message: "string",
    ReferencedItemId: "string",
    ReferencedType: "string",
    SeverityLevel: "int",
  },
  AppDependencies: {
    ...common,
    Data: "string",
    DependencyType: "string",
    DurationMs: "real",
    Id: "string",
    Measurements: "dynamic",
    Name: "string",
    ReferencedItemId: "string",
    ReferencedType: "string",
    ResultCode: "string",
    Success: "bool",
    Target: "string",
  },
  AppRequests: {
    ...common,
    DurationMs: "real",
    Id: "string",
    Measurements: "dynamic",
    Name: "string",
    ReferencedItemId: "string",
    ReferencedType: "string",
    ResultCode: "string",
    Source: "string",
    Success: "bool",
    Url: "string",
  },
  AppMetrics: {
    ...common,
    Max: "real",
    Min: "real",
    Name: "string",
    Sum: "real",
  },
};
