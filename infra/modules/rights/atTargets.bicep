targetScope = 'resourceGroup'

metadata description = 'Mooring\'s right to give roles on the targets in one resource group, limited by a condition.'

param principalId string
@description('Name of a custom role in this tenant.')
param role string
param condition string

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, role)
  properties: {
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
    condition: condition
    conditionVersion: '2.0'
  }
}
