targetScope = 'resourceGroup'

metadata description = 'Mooring\'s right to bind identities to one AKS cluster.'

param principalId string
@description('Name of a custom role in this tenant.')
param role string
param cluster string

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: cluster }

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: aks
  name: guid(aks.id, principalId, role)
  properties: {
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
