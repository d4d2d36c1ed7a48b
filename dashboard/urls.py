"""The dashboard's address."""

from django.urls import path

from dashboard import views

urlpatterns = [path("klient/<str:organisation_number>/", views.dashboard, name="dashboard")]
