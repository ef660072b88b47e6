/**
 * Values of properties for which the compiler accepts any text: only Azure would find a misspelt one, partway through a deployment.
 * Each list is the property's in the ARM template reference, learn.microsoft.com/azure/templates/<type>, as of 2026-11.
 */
export interface AllowedValues {
  readonly type: string;
  readonly path: string;
  readonly values: readonly string[];
}

const access = ["Enabled", "Disabled", "SecuredByPerimeter"];
const decision = ["Allow", "Deny"];

export const allowedValues: readonly AllowedValues[] = [
  { type: "Microsoft.Storage/storageAccounts", path: "kind", values: ["StorageV2"] },
  {
    type: "Microsoft.Storage/storageAccounts",
    path: "sku.name",
    values: ["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS"],
  },
  { type: "Microsoft.Storage/storageAccounts", path: "properties.minimumTlsVersion", values: ["TLS1_2", "TLS1_3"] },
  { type: "Microsoft.Storage/storageAccounts", path: "properties.publicNetworkAccess", values: access },
  {
    type: "Microsoft.Storage/storageAccounts",
    path: "properties.networkAcls.bypass",
    values: ["None", "Logging", "Metrics", "AzureServices"],
  },
  { type: "Microsoft.ServiceBus/namespaces", path: "properties.minimumTlsVersion", values: ["1.2", "1.3"] },
  { type: "Microsoft.ServiceBus/namespaces", path: "properties.publicNetworkAccess", values: access },
  { type: "Microsoft.Insights/scheduledQueryRules", path: "kind", values: ["LogAlert", "LogToMetric"] },
  {
    type: "Microsoft.Insights/scheduledQueryRules",
    path: "properties.criteria.allOf[].operator",
    values: ["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"],
  },
  {
    type: "Microsoft.Insights/scheduledQueryRules",
    path: "properties.criteria.allOf[].timeAggregation",
    values: ["Average", "Count", "Maximum", "Minimum", "Total"],
  },
  {
    type: "Microsoft.Insights/metricAlerts",
    path: "properties.criteria.allOf[].operator",
    values: ["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"],
  },
  // learn.microsoft.com "Supported metrics for Microsoft.ServiceBus/Namespaces".
  {
    type: "Microsoft.Insights/metricAlerts",
    path: "properties.criteria.allOf[].metricName",
    values: ["DeadletteredMessages"],
  },
  {
    type: "Microsoft.Insights/metricAlerts",
    path: "properties.criteria.allOf[].timeAggregation",
    values: ["Average", "Count", "Maximum", "Minimum", "Total"],
  },
  { type: "Microsoft.Insights/workbooks", path: "kind", values: ["shared"] },
  { type: "Microsoft.DurableTask/schedulers", path: "properties.sku.name", values: ["Consumption", "Dedicated"] },
  {
    type: "Microsoft.DurableTask/schedulers",
    path: "properties.publicNetworkAccess",
    values: ["Enabled", "Disabled"],
  },
  { type: "Microsoft.Web/serverfarms", path: "sku.name", values: ["FC1"] },
  { type: "Microsoft.Web/serverfarms", path: "sku.tier", values: ["FlexConsumption"] },
  { type: "Microsoft.Web/sites", path: "kind", values: ["functionapp,linux"] },
  { type: "Microsoft.Web/sites", path: "properties.publicNetworkAccess", values: ["Enabled", "Disabled"] },
  {
    type: "Microsoft.Web/sites",
    path: "properties.functionAppConfig.runtime.name",
    values: ["dotnet-isolated", "node", "java", "powershell", "python", "custom"],
  },
  // learn.microsoft.com/azure/azure-functions/supported-languages: the Node worker's versions until April 2027.
  { type: "Microsoft.Web/sites", path: "properties.functionAppConfig.runtime.version", values: ["22", "24"] },
  {
    type: "Microsoft.Web/sites",
    path: "properties.functionAppConfig.deployment.storage.type",
    values: ["blobContainer"],
  },
  {
    type: "Microsoft.Web/sites",
    path: "properties.functionAppConfig.deployment.storage.authentication.type",
    values: ["SystemAssignedIdentity", "UserAssignedIdentity"],
  },
  { type: "Microsoft.Web/sites", path: "properties.siteConfig.minTlsVersion", values: ["1.2", "1.3"] },
  { type: "Microsoft.Web/sites", path: "properties.siteConfig.scmMinTlsVersion", values: ["1.2", "1.3"] },
  {
    type: "Microsoft.Web/sites",
    path: "properties.siteConfig.ipSecurityRestrictionsDefaultAction",
    values: decision,
  },
  {
    type: "Microsoft.Web/sites",
    path: "properties.siteConfig.scmIpSecurityRestrictionsDefaultAction",
    values: decision,
  },
  { type: "Microsoft.Web/sites", path: "properties.siteConfig.ipSecurityRestrictions[].action", values: decision },
  {
    type: "Microsoft.Authorization/roleAssignments",
    path: "properties.principalType",
    values: ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"],
  },
  { type: "Microsoft.Authorization/roleDefinitions", path: "properties.type", values: ["CustomRole"] },
  {
    type: "Microsoft.Authorization/locks",
    path: "properties.level",
    values: ["NotSpecified", "CanNotDelete", "ReadOnly"],
  },
  { type: "Microsoft.OperationalInsights/workspaces", path: "properties.sku.name", values: ["PerGB2018"] },
  { type: "Microsoft.Insights/components", path: "properties.Application_Type", values: ["web", "other"] },
  { type: "Microsoft.Insights/components", path: "properties.IngestionMode", values: ["LogAnalytics"] },
  { type: "Microsoft.Consumption/budgets", path: "properties.category", values: ["Cost"] },
  {
    type: "Microsoft.Consumption/budgets",
    path: "properties.timeGrain",
    values: ["Monthly", "Quarterly", "Annually", "BillingMonth", "BillingQuarter", "BillingAnnual"],
  },
  {
    type: "Microsoft.Network/networkSecurityGroups",
    path: "properties.securityRules[].properties.access",
    values: decision,
  },
  {
    type: "Microsoft.Network/networkSecurityGroups",
    path: "properties.securityRules[].properties.direction",
    values: ["Inbound", "Outbound"],
  },
  {
    type: "Microsoft.Network/networkSecurityGroups",
    path: "properties.securityRules[].properties.protocol",
    values: ["*", "Ah", "Esp", "Icmp", "Tcp", "Udp"],
  },
  { type: "Microsoft.ContainerService/managedClusters", path: "sku.name", values: ["Base", "Automatic"] },
  { type: "Microsoft.ContainerService/managedClusters", path: "sku.tier", values: ["Free", "Standard", "Premium"] },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.agentPoolProfiles[].mode",
    values: ["System", "User", "Gateway"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.agentPoolProfiles[].type",
    values: ["VirtualMachineScaleSets", "VirtualMachines"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.agentPoolProfiles[].osType",
    values: ["Linux", "Windows"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.agentPoolProfiles[].osSKU",
    values: ["Ubuntu", "AzureLinux"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.networkProfile.networkPlugin",
    values: ["azure", "kubenet", "none"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.networkProfile.networkPluginMode",
    values: ["overlay"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.networkProfile.loadBalancerSku",
    values: ["standard", "basic"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.autoUpgradeProfile.upgradeChannel",
    values: ["none", "patch", "stable", "rapid", "node-image"],
  },
  {
    type: "Microsoft.ContainerService/managedClusters",
    path: "properties.autoUpgradeProfile.nodeOSUpgradeChannel",
    values: ["None", "Unmanaged", "NodeImage", "SecurityPatch"],
  },
  { type: "Microsoft.Sql/servers", path: "properties.minimalTlsVersion", values: ["1.2", "1.3"] },
  { type: "Microsoft.Sql/servers", path: "properties.publicNetworkAccess", values: access },
  { type: "Microsoft.Sql/servers", path: "properties.administrators.administratorType", values: ["ActiveDirectory"] },
  {
    type: "Microsoft.Sql/servers",
    path: "properties.administrators.principalType",
    values: ["User", "Group", "Application"],
  },
  { type: "Microsoft.Sql/servers/databases", path: "sku.name", values: ["GP_S_Gen5"] },
  { type: "Microsoft.Sql/servers/databases", path: "sku.tier", values: ["GeneralPurpose"] },
  {
    type: "Microsoft.Sql/servers/databases",
    path: "properties.requestedBackupStorageRedundancy",
    values: ["Geo", "GeoZone", "Local", "Zone"],
  },
];
