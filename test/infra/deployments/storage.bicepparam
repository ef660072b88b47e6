using '../../../infra/main.bicep'

// Durable state in the storage account, and every parameter that does not concern the network.
param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = loadYamlContent('catalog.yaml')
param backend = 'storage'
param storageSku = 'Standard_GZRS'
param protectRegistry = true
param callerAddressPrefixes = ['192.0.2.0/24']
param readRoleAssignmentsOfSubscription = true
param instanceMemoryMB = 4096
param maximumInstanceCount = 100
param alwaysReadyInstances = 1
param retentionDays = 90
param dailyLogCapGb = -1
param budgetAmount = 200
param budgetContactEmails = ['platform@example.com']
param budgetStartDate = '2026-11-01'
param tags = { costCenter: '4711' }
param dashboardClientId = '00000000-0000-4000-8000-000000000005'
param dashboardLinks = [{ name: 'Runbook', url: 'https://runbook.example.org' }]
param traceUrl = 'https://tracing.example.org/trace/{traceId}'
