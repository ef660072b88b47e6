targetScope = 'subscription'

metadata description = 'The rights of Mooring\'s identity where the catalog\'s clusters and servers are. The sandbox enforces the same actions.'

param principalId string
@description('Part of each role\'s name, which has to be unique in the tenant.')
param roleSuffix string
param clusters { subscriptionId: string, identityGroup: string, nodeGroup: string }[]
param sqlServerIds string[]
@description('The servers with an entraAdmin in the catalog: Mooring may set their Microsoft Entra administrator.')
param administeredSqlServerIds string[]
@description('The catalog\'s other targets: Mooring may give roles in their resource groups.')
param targetIds string[]
@description('The AKS clusters with identityBinding in the catalog: Mooring binds identities to them.')
param boundClusterIds string[]
@description('The AKS clusters with managedNamespaces in the catalog: Mooring writes profiles into managed namespaces.')
param managingClusterIds string[]
param readRoleAssignmentsOfSubscription bool

var actions = loadJsonContent('../../azure/role-definition.json').Actions
var administratorActions = loadJsonContent('../../azure/sql-administrator-role.json').Actions
var targetActions = loadJsonContent('../../azure/target-role.json').Actions
var bindingActions = loadJsonContent('../../azure/identity-binding-role.json').Actions
var managedActions = loadJsonContent('../../azure/managed-namespace-role.json').Actions
// How an operation of Cosmos DB is going is told in the subscription; everything else in the account.
var cosmosActions = loadJsonContent('../../azure/cosmos-role.json').Actions
var cosmosProgressActions = filter(cosmosActions, action => startsWith(action, 'Microsoft.DocumentDB/locations/'))
var cosmosAccountActions = filter(cosmosActions, action => !startsWith(action, 'Microsoft.DocumentDB/locations/'))
var cosmosIds = union(filter(targetIds, id => contains(id, '/providers/microsoft.documentdb/')), [])
var otherTargetIds = filter(targetIds, id => !contains(id, '/providers/microsoft.documentdb/'))
var cosmosSubscriptions = union(map(cosmosIds, id => split(id, '/')[2]), [])
var assignableRoles = map(items(loadJsonContent('../../azure/target-roles.json')), each => string(each.value))
// Anyone who may make role assignments without one may give any role, and so become owner. Mooring gives itself none.
var targetCondition = replace(
  replace(loadTextContent('../../azure/target-condition.txt'), '<roles>', join(assignableRoles, ', ')),
  '<mooring>',
  principalId
)
var identityActions = filter(actions, action => !startsWith(action, 'Microsoft.Sql/'))
var readActions = filter(actions, action => !startsWith(action, 'Microsoft.ManagedIdentity/'))

// Each scope once, even if clusters share it. All in lower case, or the same group would count twice.
var identityGroups = union(map(clusters, cluster => '${cluster.subscriptionId}/${cluster.identityGroup}'), [])
var nodeGroups = filter(
  union(map(clusters, cluster => '${cluster.subscriptionId}/${cluster.nodeGroup}'), []),
  each => !contains(identityGroups, each)
)
var subscriptions = union(map(clusters, cluster => cluster.subscriptionId), [])
var targetGroups = union(map(otherTargetIds, id => '${split(id, '/')[2]}/${split(id, '/')[4]}'), [])
var assignableScopes = union(
  [subscription().id],
  map(
    union(subscriptions, map(concat(sqlServerIds, targetIds, boundClusterIds, managingClusterIds), id => split(id, '/')[2])),
    id => '/subscriptions/${id}'
  )
)

resource identityRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, roleSuffix, 'identities')
  properties: {
    roleName: 'Mooring identities (${roleSuffix})'
    description: 'Creates and deletes managed identities and their federated credentials, and reads role assignments.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: identityActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource readRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, roleSuffix, 'reads')
  properties: {
    roleName: 'Mooring reads (${roleSuffix})'
    description: 'Reads SQL servers, their databases and administrators, and role assignments.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: readActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

// Anyone who may set the administrator can become it, so this is assigned only where the catalog asks for it.
resource administratorRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(administeredSqlServerIds)) {
  name: guid(subscription().id, roleSuffix, 'administrators')
  properties: {
    roleName: 'Mooring SQL administrators (${roleSuffix})'
    description: 'Sets the Microsoft Entra administrator of SQL servers that have none.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: administratorActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource targetRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(otherTargetIds)) {
  name: guid(subscription().id, roleSuffix, 'targets')
  properties: {
    roleName: 'Mooring targets (${roleSuffix})'
    description: 'Gives identities of namespaces roles on the targets of the catalog.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: targetActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource bindingRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(boundClusterIds)) {
  name: guid(subscription().id, roleSuffix, 'bindings')
  properties: {
    roleName: 'Mooring identity bindings (${roleSuffix})'
    description: 'Binds identities of namespaces to AKS clusters.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: bindingActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource managedRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(managingClusterIds)) {
  name: guid(subscription().id, roleSuffix, 'managed')
  properties: {
    roleName: 'Mooring managed namespaces (${roleSuffix})'
    description: 'Writes profiles of namespaces into managed namespaces of AKS clusters.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: managedActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

// No condition can limit this one: whoever may write these role assignments may give any role in the account.
resource cosmosRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(cosmosIds)) {
  name: guid(subscription().id, roleSuffix, 'cosmos')
  properties: {
    roleName: 'Mooring Cosmos DB (${roleSuffix})'
    description: 'Gives identities of namespaces roles in the Cosmos DB accounts of the catalog.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: cosmosAccountActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource cosmosProgressRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(cosmosIds)) {
  name: guid(subscription().id, roleSuffix, 'cosmosProgress')
  properties: {
    roleName: 'Mooring Cosmos DB progress (${roleSuffix})'
    description: 'Reads how long-running operations of Cosmos DB are going.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [{ actions: cosmosProgressActions, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

module onIdentityGroups 'atGroup.bicep' = [
  for each in identityGroups: {
    name: 'mooring-identities-${uniqueString(each)}'
    scope: resourceGroup(split(each, '/')[0], split(each, '/')[1])
    params: { principalId: principalId, role: identityRole.name }
  }
]

module onNodeGroups 'atGroup.bicep' = [
  for each in nodeGroups: {
    name: 'mooring-nodes-${uniqueString(each)}'
    scope: resourceGroup(split(each, '/')[0], split(each, '/')[1])
    params: { principalId: principalId, role: readRole.name }
  }
]

module onSqlServers 'atSqlServer.bicep' = [
  for id in union(sqlServerIds, []): {
    name: 'mooring-sql-${uniqueString(id)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { principalId: principalId, role: readRole.name, server: last(split(id, '/')) }
  }
]

module onAdministeredServers 'atSqlServer.bicep' = [
  for id in union(administeredSqlServerIds, []): {
    name: 'mooring-admin-${uniqueString(id)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { principalId: principalId, role: administratorRole.name, server: last(split(id, '/')) }
  }
]

module onTargets 'atTargets.bicep' = [
  for each in targetGroups: {
    name: 'mooring-targets-${uniqueString(each)}'
    scope: resourceGroup(split(each, '/')[0], split(each, '/')[1])
    params: { principalId: principalId, role: targetRole.name, condition: targetCondition }
  }
]

module onBoundClusters 'atCluster.bicep' = [
  for id in union(boundClusterIds, []): {
    name: 'mooring-bindings-${uniqueString(id)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { principalId: principalId, role: bindingRole.name, cluster: last(split(id, '/')) }
  }
]

module onManagingClusters 'atCluster.bicep' = [
  for id in union(managingClusterIds, []): {
    name: 'mooring-managed-${uniqueString(id)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { principalId: principalId, role: managedRole.name, cluster: last(split(id, '/')) }
  }
]

module onCosmosAccounts 'atCosmosAccount.bicep' = [
  for id in cosmosIds: {
    name: 'mooring-cosmos-${uniqueString(id)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { principalId: principalId, role: cosmosRole.name, account: last(split(id, '/')) }
  }
]

module onCosmosSubscriptions 'atSubscription.bicep' = [
  for id in cosmosSubscriptions: {
    name: 'mooring-cosmos-progress-${uniqueString(id)}'
    scope: subscription(id)
    params: { principalId: principalId, role: cosmosProgressRole.name }
  }
]

module onSubscriptions 'atSubscription.bicep' = [
  for id in subscriptions: if (readRoleAssignmentsOfSubscription) {
    name: 'mooring-reads-${uniqueString(id)}'
    scope: subscription(id)
    params: { principalId: principalId, role: readRole.name }
  }
]
