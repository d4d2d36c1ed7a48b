"""The dashboard's address, and that of the choice of company."""

from django.urls import path

from dashboard import chooser, views

urlpatterns = [
    path("", chooser.home, name="home"),
    path("klient/<str:organisation_number>/", views.dashboard, name="dashboard"),
]
