metadata description = 'The rights of Mooring\'s identity on Mooring\'s own resources: all role assignments in the app\'s resource group.'

param principalId string
param storageName string
param serviceBusName string
param applicationInsightsName string
@description('null if durable state is in the storage account.')
param schedulerName string?
@description('Who may view operations in the scheduler\'s dashboard.')
param dashboardPrincipal { id: string, type: 'Group' | 'User' }?

var builtInRoles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  serviceBusDataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  durableTaskDataContributor: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
}

var usesScheduler = schedulerName != null

// Blobs: the host's leases and keys, and the deployed package. Tables: the registry. Queues: only the messages of Durable Functions'
// Azure Storage backend.
var storageRoles = union(
  [builtInRoles.storageBlobDataOwner, builtInRoles.storageTableDataContributor],
  usesScheduler ? [] : [builtInRoles.storageQueueDataContributor]
)

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = { name: storageName }

resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in storageRoles: {
    scope: storage
    name: guid(storage.id, principalId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusName
  resource requests 'queues' existing = { name: 'onboarding-requests' }
  resource events 'topics' existing = { name: 'onboarding-events' }
}

resource onQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: serviceBus::requests
  name: guid(serviceBus::requests.id, principalId, builtInRoles.serviceBusDataReceiver)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.serviceBusDataReceiver
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource onTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: serviceBus::events
  name: guid(serviceBus::events.id, principalId, builtInRoles.serviceBusDataSender)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtInRoles.serviceBusDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = { name: applicationInsightsName }

resource onApplicationInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: applicationInsights
  name: guid(applicationInsights.id, principalId, builtInRoles.monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.monitoringMetricsPublisher
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' existing = if (usesScheduler) {
  name: schedulerName ?? 'none'
  resource taskHub 'taskHubs' existing = if (usesScheduler) { name: 'Mooring' }
}

resource onTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (usesScheduler) {
  scope: scheduler::taskHub
  name: guid(scheduler::taskHub.id, principalId, builtInRoles.durableTaskDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.durableTaskDataContributor
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource dashboardOnTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (usesScheduler && dashboardPrincipal != null) {
  scope: scheduler::taskHub
  name: guid(scheduler::taskHub.id, dashboardPrincipal!.id, builtInRoles.durableTaskDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.durableTaskDataContributor
    )
    principalId: dashboardPrincipal!.id
    principalType: dashboardPrincipal!.type
  }
}
