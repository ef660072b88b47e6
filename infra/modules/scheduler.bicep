metadata description = 'The Durable Task Scheduler: where running operations keep their state.'

param name string
param location string
param tags object
param sku string
param isPrivate bool

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: sku == 'Dedicated' ? { name: 'Dedicated', capacity: 1 } : { name: 'Consumption' }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // Flex Consumption instances have no fixed addresses, so the public endpoint cannot filter by address; each call needs a token
    // of an identity with a role on the task hub. privateNetworking closes the endpoint.
    ipAllowlist: isPrivate ? [] : ['0.0.0.0/0']
  }
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  // The name in host.json.
  name: 'Mooring'
  properties: {}
}
