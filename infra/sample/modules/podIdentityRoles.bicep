metadata description = 'The roles that the nodes need for aad-pod-identity (see "Role assignment" in its documentation).'

param kubeletPrincipalId string

var managedIdentityOperator = 'f1a07417-d97a-45cb-824c-7a7467783830'
var virtualMachineContributor = '9980e02c-c2be-4d73-94e8-173b1dc7cf3c'

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [managedIdentityOperator, virtualMachineContributor]: {
    name: guid(resourceGroup().id, kubeletPrincipalId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: kubeletPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]
