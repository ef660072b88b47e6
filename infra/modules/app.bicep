metadata description = 'The function app on Flex Consumption, with every setting that it reads.'

param name string
param planName string
param location string
param tags object
param identityName string
param storageName string
param serviceBusHost string
@description('null if durable state is in the storage account.')
param schedulerName string?
param applicationInsightsName string
@description('null if there is no network.')
param networkName string?
param callerAddressPrefixes string[]
param easyAuth { issuer: string, clientId: string }?
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int
param historyDays int
@description('Settings of the dashboard; an empty one keeps its default.')
param dashboard { clientId: string, links: { name: string, url: string }[], traceUrl: string }

// Only how the platform scales: host.json sets no limit. An event stream counts for up to two minutes.
var httpConcurrency = 100

var storageSuffix = environment().suffixes.storage
var storage = {
  blob: 'https://${storageName}.blob.${storageSuffix}/'
  queue: 'https://${storageName}.queue.${storageSuffix}/'
  table: 'https://${storageName}.table.${storageSuffix}/'
}
// Without its trailing slash, which it has in sovereign clouds, too.
var resourceManager = take(environment().resourceManager, max(length(environment().resourceManager) - 1, 0))

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = { name: applicationInsightsName }

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' existing = if (schedulerName != null) {
  name: schedulerName ?? 'none'
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = if (networkName != null) {
  name: networkName ?? 'none'
  resource app 'subnets' existing = { name: 'app' }
}

var identitySettings = {
  AZURE_CLIENT_ID: identity.properties.clientId
  // Only the managed identity, so that no other credential is tried or waited for.
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  AzureWebJobsStorage__blobServiceUri: storage.blob
  AzureWebJobsStorage__tableServiceUri: storage.table
  ServiceBusConnection__credential: 'managedidentity'
  ServiceBusConnection__clientId: identity.properties.clientId
  ServiceBusConnection__fullyQualifiedNamespace: serviceBusHost
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
}
var durableSettings = schedulerName == null
  ? { AzureWebJobsStorage__queueServiceUri: storage.queue }
  : { DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler!.properties.endpoint};Authentication=ManagedIdentity;ClientID=${identity.properties.clientId}' }
var mooringSettings = {
  MOORING_CATALOG: 'mooring.yaml'
  MOORING_TABLES_ENDPOINT: storage.table
  MOORING_ARM_ENDPOINT: resourceManager
  MOORING_ARM_SCOPE: '${resourceManager}/.default'
  MOORING_SQL_SCOPE: 'https://${substring(environment().suffixes.sqlServerHostname, 1)}/.default'
  MOORING_HISTORY_DAYS: string(historyDays)
  // The host reads a body into memory before the app sees the request. Slightly more than a batch may have, so that a body that
  // exceeds it a little gets Mooring's own answer.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1100000'
  // Twice the host's own limit. The host never answers what only the worker refuses, and a hundred such requests stop it.
  languageWorkers__node__arguments: '--max-http-header-size=65536'
}

// An empty setting would be invalid, so it is left out.
var dashboardSettings = union(
  empty(dashboard.clientId) ? {} : { MOORING_DASHBOARD_CLIENT_ID: dashboard.clientId },
  empty(dashboard.links) ? {} : { MOORING_DASHBOARD_LINKS: string(dashboard.links) },
  empty(dashboard.traceUrl) ? {} : { MOORING_TRACE_URL: dashboard.traceUrl }
)

var restrictions = [
  for (prefix, index) in callerAddressPrefixes: {
    name: 'caller${index}'
    action: 'Allow'
    priority: 100 + index
    ipAddress: prefix
  }
]
var defaultAction = networkName != null || !empty(callerAddressPrefixes) ? 'Deny' : 'Allow'

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // azd finds the app of the service mooring by this tag.
  tags: union(tags, { 'azd-service-name': 'mooring' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    // With the default action Deny below, only callerAddressPrefixes and private endpoints can reach it.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: networkName == null ? null : network::app.id
    functionAppConfig: {
      runtime: { name: 'node', version: '22' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.blob}app-package'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyInstances }]
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ipSecurityRestrictions: restrictions
      ipSecurityRestrictionsDefaultAction: defaultAction
      scmIpSecurityRestrictions: restrictions
      scmIpSecurityRestrictionsDefaultAction: defaultAction
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(identitySettings, durableSettings, mooringSettings, dashboardSettings)
}

// Deployments use a Microsoft Entra token; user name and password are disabled.
resource publishingByFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource publishingByScm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (easyAuth != null) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // Open to everyone (docs/callers.md).
      excludedPaths: [
        '/api/health/live'
        '/api/health/ready'
        '/api/openapi.json'
        '/api/events/schema.json'
        '/api/onboardings/schema.json'
        '/dashboard'
        '/dashboard/*'
      ]
    }
    httpSettings: { requireHttps: true }
    login: { tokenStore: { enabled: false } }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: { openIdIssuer: easyAuth!.issuer, clientId: easyAuth!.clientId }
        validation: { allowedAudiences: [easyAuth!.clientId] }
      }
    }
  }
}

output url string = 'https://${app.properties.defaultHostName}'
