targetScope = 'subscription'

metadata description = 'What the walkthrough needs in addition to Mooring: a cluster and an Azure SQL server with one database. Not for production.'

@minLength(3)
@maxLength(20)
param name string = 'mooring-sample'
param location string

@description('Administrator of the SQL server, preferably a group, which outlives its members.')
param sqlAdministrator { objectId: string, login: string, type: 'Group' | 'User' | 'Application' }

@description('Object IDs of the groups whose members administer the cluster.')
param clusterAdministratorGroups string[]

@description('Gives the nodes the roles that aad-pod-identity (deprecated in 2022, archived in 2023) needs, to try a migration from it.')
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

@description('For `npm run azure -- catalog --cluster … --sql …`, which prints their catalog entries.')
output SAMPLE_CLUSTER_ID string = cluster.outputs.id
output SAMPLE_SQL_SERVER_ID string = sql.outputs.id
output SAMPLE_SQL_HOST string = sql.outputs.host
