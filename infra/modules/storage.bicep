metadata description = 'The host\'s own storage, the deployed package, and the registry\'s tables. Access by key is disabled.'

@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param sku string
param isPrivate bool

@description('Prevents deletion of the account, and so of the registry and its audit trail, until someone removes the lock.')
param isLocked bool

// The tables that src/adapters/registry opens. It would create them itself, but this way they exist before the first request.
var registryTables = [
  'MooringAudit'
  'MooringBatches'
  'MooringBatchItems'
  'MooringIdempotency'
  'MooringNamespaces'
  'MooringOperations'
  'MooringPace'
  'MooringRemains'
  'MooringSteps'
  'MooringWaiting'
]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'None' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource deployment 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'app-package'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource registry 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = [
  for table in registryTables: {
    parent: tables
    name: table
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: account
  name: 'registry'
  properties: { level: 'CanNotDelete', notes: 'Holds Mooring\'s registry and its audit trail.' }
}
