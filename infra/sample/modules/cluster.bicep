metadata description = 'A small AKS cluster with OIDC issuer and workload identity, whose users come from Microsoft Entra.'

param name string
param location string
param tags object
param nodeGroupName string
param nodeSize string
param administratorGroups string[]

resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Base', tier: 'Free' }
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: name
    nodeResourceGroup: nodeGroupName
    enableRBAC: true
    disableLocalAccounts: true
    // Kubernetes RBAC and not Azure RBAC: infra/kubernetes/cluster-role.yaml needs it.
    aadProfile: { managed: true, enableAzureRBAC: false, adminGroupObjectIDs: administratorGroups }
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        count: 1
        vmSize: nodeSize
        osType: 'Linux'
        osSKU: 'AzureLinux'
      }
    ]
    networkProfile: { networkPlugin: 'azure', networkPluginMode: 'overlay', loadBalancerSku: 'standard' }
    autoUpgradeProfile: { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'NodeImage' }
  }
}

output id string = cluster.id
output kubeletPrincipalId string = cluster.properties.identityProfile.kubeletidentity.objectId
