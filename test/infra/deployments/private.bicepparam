using '../../../infra/main.bicep'

// Only the app is reachable from outside the network, and it denies everyone who is not named.
param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = loadYamlContent('catalog.yaml')
param schedulerSku = 'Dedicated'
param privateNetworking = true
param dashboardPrincipalId = '00000000-0000-4000-8000-000000000008'
param alertEmails = ['platform@example.com']
