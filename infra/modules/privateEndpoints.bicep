metadata description = 'A private endpoint and a private DNS zone for everything that the app talks to, and for the app itself.'

param location string
param tags object
param networkName string
param storageName string
param serviceBusName string
param schedulerName string?
param sqlServerIds string[]
param appName string

var storageTargets = [
  for service in ['blob', 'queue', 'table']: {
    id: resourceId('Microsoft.Storage/storageAccounts', storageName)
    group: service
  }
]
var schedulerTargets = schedulerName == null
  ? []
  : [{ id: resourceId('Microsoft.DurableTask/schedulers', schedulerName!), group: 'scheduler' }]
// If the deployer may not approve an endpoint in the server's subscription, it waits until the server's owner approves it.
var sqlTargets = [for server in sqlServerIds: { id: server, group: 'sqlServer' }]
var targets = concat(storageTargets, schedulerTargets, sqlTargets, [
  { id: resourceId('Microsoft.ServiceBus/namespaces', serviceBusName), group: 'namespace' }
  { id: resourceId('Microsoft.Web/sites', appName), group: 'sites' }
])
var groups = union(map(targets, target => target.group), [])

var storageSuffix = environment().suffixes.storage
var zoneOf = {
  blob: 'privatelink.blob.${storageSuffix}'
  queue: 'privatelink.queue.${storageSuffix}'
  table: 'privatelink.table.${storageSuffix}'
  scheduler: 'privatelink.durabletask.io'
  sqlServer: 'privatelink${environment().suffixes.sqlServerHostname}'
  namespace: 'privatelink.servicebus.windows.net'
  sites: 'privatelink.azurewebsites.net'
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = {
  name: networkName
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

resource dnsZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for group in groups: {
    name: zoneOf[group]
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (group, index) in groups: {
    parent: dnsZones[index]
    name: 'mooring'
    location: 'global'
    tags: tags
    properties: { virtualNetwork: { id: network.id }, registrationEnabled: false }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for target in targets: {
    name: 'pe-${last(split(target.id, '/'))}-${target.group}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::endpoints.id }
      privateLinkServiceConnections: [
        { name: target.group, properties: { privateLinkServiceId: target.id, groupIds: [target.group] } }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (target, index) in targets: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: target.group, properties: { privateDnsZoneId: dnsZones[indexOf(groups, target.group)].id } }
      ]
    }
  }
]
