param principalId string
@description('Name of a custom role in this tenant.')
param role string
param account string

resource cosmosAccount 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = { name: account }

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: cosmosAccount
  name: guid(cosmosAccount.id, principalId, role)
  properties: {
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
