metadata description = 'The queue for incoming requests and the topic for outgoing events.'

param name string
param location string
param tags object
@description('Private endpoints need the Premium tier.')
param isPrivate bool

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: isPrivate ? { name: 'Premium', tier: 'Premium', capacity: 1 } : { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource requests 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'onboarding-requests'
  properties: {
    // The host renews locks for 5 minutes (host.json); this is how soon a dead instance's message is delivered again.
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    deadLetteringOnMessageExpiration: true
    defaultMessageTimeToLive: 'P14D'
  }
}

resource events 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: 'onboarding-events'
  properties: { defaultMessageTimeToLive: 'P14D' }
}

@description('Host name, without scheme and port.')
output host string = replace(replace(split(namespace.properties.serviceBusEndpoint, '//')[1], ':443', ''), '/', '')
