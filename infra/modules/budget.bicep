metadata description = 'Sends mail when the resource group\'s costs exceed 50%, 80% and 100% of its budget, and when they are forecast to exceed it.'

param amount int
param contactEmails string[]
param startDate string

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'mooring'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      half: { enabled: true, operator: 'GreaterThan', threshold: 50, contactEmails: contactEmails }
      most: { enabled: true, operator: 'GreaterThan', threshold: 80, contactEmails: contactEmails }
      all: { enabled: true, operator: 'GreaterThan', threshold: 100, contactEmails: contactEmails }
      forecast: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: contactEmails
      }
    }
  }
}
