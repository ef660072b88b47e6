using '../../../infra/main.bicep'

// What `azd up` creates when only the region is given, for one cluster and one server.
param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = {
  tenantId: '00000000-0000-4000-8000-000000000001'
  clusters: {
    first: {
      apiServer: 'https://first.hcp.westeurope.azmk8s.io:443'
      subscriptionId: '00000000-0000-4000-8000-000000000003'
      identityResourceGroup: 'MC_rg-first_first_westeurope'
      location: 'westeurope'
    }
  }
  sqlServers: {
    orders: {
      resourceId: '/subscriptions/00000000-0000-4000-8000-000000000003/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-orders'
      host: 'sql-orders.database.windows.net'
      databases: { orders: { roles: ['reader'] } }
    }
  }
  auth: {
    entra: {
      issuer: 'https://login.microsoftonline.com/00000000-0000-4000-8000-000000000001/v2.0'
      audiences: ['00000000-0000-4000-8000-000000000004']
    }
  }
}
