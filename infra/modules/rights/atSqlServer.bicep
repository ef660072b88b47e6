param principalId string
@description('Name of a custom role in this tenant.')
param role string
param server string

resource sqlServer 'Microsoft.Sql/servers@2023-08-01' existing = { name: server }

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: sqlServer
  name: guid(sqlServer.id, principalId, role)
  properties: {
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
