using '../../../infra/sample/main.bicep'

param location = 'westeurope'
param sqlAdministrator = { objectId: '00000000-0000-4000-8000-000000000008', login: 'platform', type: 'Group' }
param clusterAdministratorGroups = ['00000000-0000-4000-8000-000000000008']
param podIdentity = true
