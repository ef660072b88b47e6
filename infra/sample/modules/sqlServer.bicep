metadata description = 'An Azure SQL server without passwords, and a serverless database that pauses while idle.'

param name string
param location string
param tags object
param administrator { objectId: string, login: string, type: 'Group' | 'User' | 'Application' }

resource server 'Microsoft.Sql/servers@2023-08-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    minimalTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
    administrators: {
      administratorType: 'ActiveDirectory'
      azureADOnlyAuthentication: true
      principalType: administrator.type
      login: administrator.login
      sid: administrator.objectId
      tenantId: tenant().tenantId
    }
  }

  // 0.0.0.0 allows all Azure addresses, of every tenant: without a network, the app has no address of its own. Only Entra logins work.
  resource azure 'firewallRules' = {
    name: 'AllowAllWindowsAzureIps'
    properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
  }

  resource messages 'databases' = {
    name: 'messages'
    location: location
    tags: tags
    sku: { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 1 }
    properties: { autoPauseDelay: 60, minCapacity: json('0.5'), requestedBackupStorageRedundancy: 'Local' }
  }
}

output id string = server.id
output host string = server.properties.fullyQualifiedDomainName
