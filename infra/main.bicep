targetScope = 'subscription'

metadata description = 'Mooring in one resource group, and its rights on what its catalog names. docs/deploy.md explains how to deploy it.'

@minLength(1)
@maxLength(40)
@description('Name of the azd environment; all other names are derived from it.')
param environmentName string

@metadata({ azd: { type: 'location' } })
@description('A region with Flex Consumption and, if backend is scheduler, the Durable Task Scheduler.')
param location string

@description('mooring.yaml, which decides where Mooring gets rights, who may call it, and whether App Service authentication is on.')
param catalog object

@description('Where durable state is kept. Pass the same backend to npm run package: the scale controller reads host.json.')
param backend 'scheduler' | 'storage' = 'scheduler'

@description('Consumption is billed by action; Dedicated by capacity unit, whether or not anything runs.')
param schedulerSku 'Consumption' | 'Dedicated' = 'Consumption'

@description('Redundancy of the storage account, which holds the registry.')
param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Locks the storage account, so that neither azd down nor a mistake deletes the registry and its audit trail.')
param protectRegistry bool = false

@description('Puts the app in a network, and everything that it talks to behind private endpoints. Service Bus becomes Premium.')
param privateNetworking bool = false

@description('Address range of the private network, at least a /24.')
param addressPrefix string = '10.91.0.0/24'

@description('CIDR ranges that may reach the app and its deployment endpoint. Empty: everyone, or no one if privateNetworking is on.')
param callerAddressPrefixes string[] = []

@description('Lets an offboarding see roles that others assigned to an identity anywhere in the clusters\' subscriptions (otherwise DEPENDANTS_UNKNOWN).')
param readRoleAssignmentsOfSubscription bool = false

@description('Object ID of a group or person that may view operations in the dashboard of the Durable Task Scheduler.')
param dashboardPrincipalId string = ''
param dashboardPrincipalType 'Group' | 'User' = 'Group'

@description('Client ID for signing in to Mooring\'s own dashboard. Empty: the first audience in the catalog.')
param dashboardClientId string = ''

@description('More links for Mooring\'s dashboard.')
param dashboardLinks { name: string, url: string }[] = []

@description('Address of your trace viewer, with {traceId} in it. Empty: no links to traces.')
param traceUrl string = ''

@description('Memory of each instance.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@minValue(0)
@maxValue(20)
@description('HTTP instances that never start cold. They cost money even while idle.')
param alwaysReadyInstances int = 0

@minValue(30)
@maxValue(730)
@description('How many days logs and traces are kept.')
param retentionDays int = 30

@minValue(1)
@maxValue(3650)
@description('How many days the durable runtime keeps ended operations. The registry and its audit trail are never purged.')
param historyDays int = 30

@minValue(-1)
@description('Logs ingested per day, in GB; anything beyond that is lost until the next day. -1: no limit.')
param dailyLogCapGb int = 2

@minValue(0)
@description('Monthly budget for the resource group, in the subscription\'s currency; budgetContactEmails get its mails. 0: no budget.')
param budgetAmount int = 0
param budgetContactEmails string[] = []
@description('First day of a month. The start date of a budget cannot change, so later deployments have to pass the same one.')
param budgetStartDate string = ''

@description('Who gets mail from alerts. Empty: alerts show only in the portal.')
param alertEmails string[] = []

param tags object = {}

var allTags = union(tags, { 'azd-env-name': environmentName, application: 'mooring' })
var token = toLower(uniqueString(subscription().id, environmentName, location))
// All names are known before deployment, so that `bicep snapshot` can show what would be created.
var names = {
  group: 'rg-${environmentName}'
  identity: 'id-mooring-${token}'
  storage: take('stmooring${token}', 24)
  serviceBus: 'sb-mooring-${token}'
  scheduler: 'dts-mooring-${token}'
  workspace: 'log-mooring-${token}'
  applicationInsights: 'appi-mooring-${token}'
  network: 'vnet-mooring-${token}'
  plan: 'plan-mooring-${token}'
  app: 'func-mooring-${token}'
}
var usesScheduler = backend == 'scheduler'

// Mooring does not start with a catalog without auth, and a catalog that trusts headers needs the authentication that sets them.
var entra = catalog.?auth.?entra
var easyAuth = catalog.?auth.?easyAuth ?? false
var audience = contains(catalog, 'auth')
  ? easyAuth && empty(entra)
      ? fail('mooring.yaml has auth.easyAuth but no auth.entra, so App Service authentication would not know whose tokens to accept. Add auth.entra (docs/callers.md)')
      : entra.?audiences[0] ?? ''
  : fail('mooring.yaml has no auth, so Mooring would not start. Run npm run azure -- entra and add what it prints (docs/deploy.md)')
var budgetStart = budgetAmount > 0 && (empty(budgetStartDate) || empty(budgetContactEmails))
  ? fail('A budget needs a start date, the first of a month, and someone to notify: set budgetStartDate and budgetContactEmails')
  : budgetStartDate

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: names.group
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    applicationInsightsName: names.applicationInsights
    location: location
    tags: allTags
    retentionDays: retentionDays
    dailyLogCapGb: dailyLogCapGb
  }
}

module watching 'modules/watching.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceName: names.workspace
    serviceBusName: names.serviceBus
    alertEmails: alertEmails
  }
  dependsOn: [monitoring, serviceBus]
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: allTags
    sku: storageSku
    isPrivate: privateNetworking
    isLocked: protectRegistry
  }
}

module serviceBus 'modules/serviceBus.bicep' = {
  scope: group
  params: { name: names.serviceBus, location: location, tags: allTags, isPrivate: privateNetworking }
}

module scheduler 'modules/scheduler.bicep' = if (usesScheduler) {
  scope: group
  params: {
    name: names.scheduler
    location: location
    tags: allTags
    sku: schedulerSku
    isPrivate: privateNetworking
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  scope: group
  params: { name: names.network, location: location, tags: allTags, addressPrefix: addressPrefix }
}

module privateEndpoints 'modules/privateEndpoints.bicep' = if (privateNetworking) {
  scope: group
  params: {
    location: location
    tags: allTags
    networkName: names.network
    storageName: names.storage
    serviceBusName: names.serviceBus
    schedulerName: usesScheduler ? names.scheduler : null
    sqlServerIds: map(items(catalog.sqlServers), server => server.value.resourceId)
    appName: names.app
  }
  dependsOn: [network, storage, serviceBus, scheduler, app]
}

module ownRights 'modules/rights/own.bicep' = {
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: names.storage
    serviceBusName: names.serviceBus
    applicationInsightsName: names.applicationInsights
    schedulerName: usesScheduler ? names.scheduler : null
    dashboardPrincipal: empty(dashboardPrincipalId) ? null : { id: dashboardPrincipalId, type: dashboardPrincipalType }
  }
  dependsOn: [storage, serviceBus, monitoring, scheduler]
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: allTags
    identityName: names.identity
    storageName: names.storage
    serviceBusHost: serviceBus.outputs.host
    schedulerName: usesScheduler ? names.scheduler : null
    applicationInsightsName: names.applicationInsights
    networkName: privateNetworking ? names.network : null
    callerAddressPrefixes: callerAddressPrefixes
    easyAuth: easyAuth ? { issuer: entra!.issuer, clientId: audience } : null
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    historyDays: historyDays
    dashboard: { clientId: dashboardClientId, links: dashboardLinks, traceUrl: traceUrl }
  }
  // An instance that starts before its role assignments exist fails until it is restarted.
  dependsOn: [ownRights, network]
}

module targetRights 'modules/rights/targets.bicep' = {
  params: {
    principalId: identity.outputs.principalId
    roleSuffix: '${environmentName} ${token}'
    clusters: map(items(catalog.clusters), cluster => {
      subscriptionId: toLower(cluster.value.subscriptionId)
      identityGroup: toLower(cluster.value.identityResourceGroup)
      nodeGroup: toLower(cluster.value.?podIdentity.?nodeResourceGroup ?? cluster.value.identityResourceGroup)
    })
    sqlServerIds: map(items(catalog.sqlServers), server => toLower(server.value.resourceId))
    administeredSqlServerIds: map(
      filter(items(catalog.sqlServers), server => contains(server.value, 'entraAdmin')),
      server => toLower(server.value.resourceId)
    )
    targetIds: map(items(catalog.?targets ?? {}), target => toLower(target.value.resourceId))
    boundClusterIds: map(
      filter(items(catalog.clusters), cluster => contains(cluster.value, 'identityBinding')),
      cluster => toLower(cluster.value.identityBinding.clusterId)
    )
    managingClusterIds: map(
      filter(items(catalog.clusters), cluster => contains(cluster.value, 'managedNamespaces')),
      cluster => toLower(cluster.value.managedNamespaces.clusterId)
    )
    readRoleAssignmentsOfSubscription: readRoleAssignmentsOfSubscription
  }
}

module budget 'modules/budget.bicep' = if (budgetAmount > 0) {
  scope: group
  params: { amount: budgetAmount, contactEmails: budgetContactEmails, startDate: budgetStart }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = names.group
output MOORING_BACKEND string = backend
@description('The command line reads this and MOORING_AUDIENCE from the environment.')
output MOORING_SERVER string = app.outputs.url
output MOORING_AUDIENCE string = audience
output MOORING_APP_NAME string = names.app
output MOORING_IDENTITY_NAME string = names.identity
output MOORING_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output MOORING_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output MOORING_SERVICE_BUS string = serviceBus.outputs.host
output MOORING_STORAGE_ACCOUNT string = names.storage
