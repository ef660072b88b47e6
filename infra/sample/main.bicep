targetScope = 'subscription'

metadata description = 'What the walk-through needs besides Mooring: an AKS cluster and an Azure SQL server with one database. For trying out.'

@minLength(3)
@maxLength(20)
param name string = 'mooring-sample'
param location string

@description('Who administers the SQL server: a group is the advice, since it outlives people.')
param sqlAdministrator { objectId: string, login: string, type: 'Group' | 'User' | 'Application' }

@description('Object ids of the groups whose members administer the cluster.')
param clusterAdministratorGroups string[]

@description('Gives the nodes what aad-pod-identity needs. It is deprecated since 2022 and archived since 2023: only to try a migration away from it.')
param podIdentity bool = false

param nodeSize string = 'Standard_D2s_v5'

var tags = { application: 'mooring-sample' }
// Named here, so that the same deployment can assign roles on it.
var nodeGroupName = 'rg-${name}-nodes'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${name}'
  location: location
  tags: tags
}

module cluster 'modules/cluster.bicep' = {
  scope: group
  params: {
    name: 'aks-${name}'
    location: location
    tags: tags
    nodeGroupName: nodeGroupName
    nodeSize: nodeSize
    administratorGroups: clusterAdministratorGroups
  }
}

module podIdentityRoles 'modules/podIdentityRoles.bicep' = if (podIdentity) {
  scope: resourceGroup(nodeGroupName)
  params: { kubeletPrincipalId: cluster.outputs.kubeletPrincipalId }
}

module sql 'modules/sqlServer.bicep' = {
  scope: group
  params: {
    name: 'sql-${name}-${uniqueString(subscription().id, name, location)}'
    location: location
    tags: tags
    administrator: sqlAdministrator
  }
}

@description('For `npm run azure -- catalog --cluster … --sql …`, which prints the catalog for them.')
output SAMPLE_CLUSTER_ID string = cluster.outputs.id
output SAMPLE_SQL_SERVER_ID string = sql.outputs.id
output SAMPLE_SQL_HOST string = sql.outputs.host
